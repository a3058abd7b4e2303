/** What all the answers say together, for one address family. */
import type { MyIp, Observation } from '../../../shared/contract/egress.ts';
import { canonicalCidr, cidrContains, type Family } from '../../../shared/domain/cidr.ts';

type Verdict = MyIp['ipv4'];

/** So many observers must say the same before an address is believed; fewer only where fewer could answer at all. */
const enough = 2;

/**
 * What to make of the observations of one family. `ranges`: the organisation's egress CIDRs, used when observers differ
 * and the ranges contain everything that was seen. Throws BAD_CIDR for a range that is none.
 */
export function judge(family: Family, observations: Observation[], ranges: string[]): Verdict {
  const asked = observations.filter(seen => seen.family === family);
  const answers = asked.filter(seen => seen.address !== undefined);
  const addresses = [...new Set(answers.flatMap(seen => seen.address ?? []))];
  const [address] = addresses;
  if (address === undefined) return { state: 'unknown' };
  if (addresses.length === 1) {
    const askable = new Set(asked.map(seen => seen.observer)).size;
    const agreeing = new Set(answers.map(seen => seen.observer)).size;
    // SSH and RDP go no way through an HTTP proxy: its address, which strangers may share, decides nothing by itself.
    const direct = answers.some(seen => seen.route === 'direct');
    const believed = direct && agreeing >= Math.min(enough, askable);
    return { state: believed ? 'agreed' : 'unknown', address };
  }
  const containing = ranges.filter(range => addresses.some(seen => cidrContains(range, seen)));
  const allContained = addresses.every(seen => containing.some(range => cidrContains(range, seen)));
  return allContained
    ? { state: 'organisation', ranges: containing.map(canonicalCidr) }
    : { state: 'differ' };
}
