/** The policy as it is edited before a lock. Pure. */
import type { Protocol } from '../../shared/contract/common.ts';
import type { PolicyPort } from '../../shared/contract/policies.ts';

export interface PortDraft {
  /** Only tells lines apart while they are edited. */
  key: number;
  port: string;
  protocol: Protocol;
  sources: string;
  hours: string;
}

const hourMs = 3_600_000;

/** The ports a lock protects when nobody says otherwise (DESIGN section 3). */
export const usualPorts: readonly PolicyPort[] = [22, 3389, 5985, 5986].map(port => ({
  port,
  protocol: 'tcp',
  sources: [],
  maxMs: 3 * hourMs,
}));

/** Lines to edit. */
export function draftPorts(ports: readonly PolicyPort[]): PortDraft[] {
  return ports.map(({ port, protocol, sources, maxMs }, key) => ({
    key,
    port: String(port),
    protocol,
    sources: sources.join(', '),
    hours: String(maxMs / hourMs),
  }));
}

/** The ports the lines stand for; undefined while a line can't be read. */
export function portsOf(drafts: readonly PortDraft[]): PolicyPort[] | undefined {
  const ports = drafts.map(({ port, protocol, sources, hours }) => ({
    port: Number(port),
    protocol,
    sources: sources.split(/[\s,]+/).filter(Boolean),
    maxMs: Math.round(Number(hours.replace(',', '.')) * hourMs),
  }));
  const sound = ports.every(
    ({ port, maxMs }) =>
      Number.isInteger(port) && port >= 1 && port <= 65_535 && maxMs >= 60_000 && maxMs <= 24 * hourMs,
  );
  return sound && ports.length > 0 ? ports : undefined;
}
