/** Asking observers which address they see us come from. */
import ipaddr from 'ipaddr.js';
import type { Observation } from '../../../shared/contract/egress.ts';
import { bareAddress, type Family, parseCidr } from '../../../shared/domain/cidr.ts';
import type { Clock, Http } from '../../os/ports.ts';

/** Observers that are asked, and believed, together. */
export interface ObserverSet {
  /** HTTPS addresses that answer with the caller's address as text, or as JSON with `ip`. */
  urls: string[];
  /** PEM of an authority of their own. */
  ca?: string | undefined;
  /** They stand beside us (practice cloud): a loopback or private address is right, and no proxy leads there. */
  near: boolean;
}

const timeoutMs = 5_000;

/** The observers on the internet that are asked unless the settings name others: of different owners, for years in wide use. */
export const internetObservers = [
  'https://api64.ipify.org',
  'https://icanhazip.com',
  'https://checkip.amazonaws.com',
  'https://ifconfig.me/ip',
];

/** Every observer over every family and route, all at once. Never rejects: a failure is an observation too. */
export async function observe(
  set: ObserverSet,
  os: { http: Http; clock: Clock },
  signal?: AbortSignal,
): Promise<Observation[]> {
  const routes = set.near || !os.http.hasProxy() ? (['direct'] as const) : (['direct', 'proxy'] as const);
  const questions = set.urls.flatMap(url =>
    familiesOf(url).flatMap(family => routes.map(route => ({ url, family, route }))),
  );
  return Promise.all(
    questions.map(async ({ url, family, route }): Promise<Observation> => {
      const begun = os.clock.now();
      const base = { observer: new URL(url).host, family, route };
      const ms = (): number => Math.max(0, Math.round(os.clock.now() - begun));
      try {
        const answer = await os.http.get(url, {
          timeoutMs,
          // Through a proxy the family is that of the way to the proxy, which says nothing about us.
          ...(route === 'proxy' ? { proxy: true } : { family: family === 'ipv4' ? 4 : 6 }),
          ...(set.ca === undefined ? {} : { ca: set.ca }),
          ...(signal === undefined ? {} : { signal }),
        });
        if (answer.status !== 200) return { ...base, error: `answered ${answer.status}`, ms: ms() };
        return { ...base, ...readAnswer(answer.body, family, set.near), ms: ms() };
      } catch (error) {
        return { ...base, error: reason(error), ms: ms() };
      }
    }),
  );
}

/** An observer named by its address can only be asked over that family. */
export function familiesOf(url: string): Family[] {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (ipaddr.IPv4.isValid(host)) return ['ipv4'];
  return ipaddr.IPv6.isValid(host) ? ['ipv6'] : ['ipv4', 'ipv6'];
}

/** The address in an observer's answer; anything that is not one address of this family, fit to be ours, is an error. */
export function readAnswer(
  body: string,
  family: Family,
  near: boolean,
): { address: string } | { error: string } {
  const text = addressText(body.trim());
  if (text === undefined || text.includes('/')) return { error: 'answered something that is not an address' };
  let address: string;
  try {
    if (parseCidr(text).family !== family) return { error: 'answered with the other address family' };
    address = bareAddress(text);
  } catch {
    return { error: 'answered something that is not an address' };
  }
  const range = ipaddr.parse(address).range();
  if (!near && range !== 'unicast')
    return { error: `answered ${address}, which is not a public address (${range})` };
  return { address };
}

function addressText(body: string): string | undefined {
  if (!body.startsWith('{')) return body.length <= 64 ? body : undefined;
  try {
    const ip: unknown = JSON.parse(body).ip;
    return typeof ip === 'string' ? ip : undefined;
  } catch {
    return undefined;
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
