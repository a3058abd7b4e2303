/**
 * The Azure Activity Log of a subscription: who changed NSG rules and used just-in-time access, whatever with (reference
 * section 5). Plain requests: it is one GET, and its official client (arm-monitor 7.0.0, generated in 2021) would bring
 * six megabytes and a second core-lro for it.
 */
import type { Instant } from '../../os/ports.ts';
import type { CloudEvent } from '../cloud.ts';
import { type AuditRow, auditRow, eventOf } from './activityRow.ts';
import type { Arm } from './armClients.ts';

/** The log allows one provider per question, and no operation: what is not ours to show is left out here. */
const providers = ['Microsoft.Network', 'Microsoft.Security'];
/** An endless list is no list: Azure's pages hold about 200 rows. */
const mostPages = 5_000;

/**
 * Events at or after `since`, in pages, newest first per provider. The start and the end of one operation are two events
 * of one correlation. Rows that make no sense are left out.
 */
export async function* activityLog(
  arm: Arm,
  subscription: string,
  since: Instant,
  signal?: AbortSignal,
): AsyncGenerator<CloudEvent[]> {
  for (const provider of providers) {
    const filter = `eventTimestamp ge '${new Date(since).toISOString()}' and resourceProvider eq '${provider}'`;
    let path: string | undefined =
      `/subscriptions/${encodeURIComponent(subscription)}/providers/Microsoft.Insights/eventtypes/management/values` +
      `?api-version=2015-04-01&$filter=${encodeURIComponent(filter)}`;
    for (let page = 1; path !== undefined && page <= mostPages; page++) {
      const answer = (await arm.request({ method: 'GET', path, signal })) as Page | undefined;
      const events = (answer?.value ?? []).flatMap(row => {
        const read = auditRow.safeParse(row);
        return read.success ? (eventOf(read.data) ?? []) : [];
      });
      if (events.length > 0) yield events;
      path = nextPath(answer?.nextLink, path);
    }
  }
}

interface Page {
  value?: AuditRow[];
  nextLink?: string;
}

/** The path of the next page. The host stays ours, whatever the link says: the token goes nowhere else. */
function nextPath(link: string | undefined, before: string): string | undefined {
  const url = link === undefined ? null : URL.parse(link);
  const path = url === null ? undefined : url.pathname + url.search;
  return path === before ? undefined : path;
}
