/** Many instances, the same ones for the same number: for trying out and measuring size. */
import { policyTags } from '../../../shared/domain/policyTag.ts';
import { buildGroup, buildInstance, buildOwnGroup, type Network } from './build.ts';
import type { Region } from './world.ts';

const perGroup = 50;
const policy = policyTags({ ports: [{ port: 22, protocol: 'tcp', sources: [], maxMs: 3 * 3_600_000 }] });

/**
 * Adds `count` running instances, region by region in turn. Fifty share a security group; every third such group
 * exposes SSH; every tenth instance is configured; every eighth is Windows, every twentieth stopped.
 */
export function addCrowd(
  places: { region: Region; network: Network }[],
  count: number,
  launchedAt: number,
): void {
  const groups = new Map<string, ReturnType<typeof buildGroup>>();
  for (let n = 0; n < count; n++) {
    const place = places[n % places.length];
    if (!place) return;
    const { region, network } = place;
    const block = Math.floor(n / places.length / perGroup);
    const name = `fleet-${block}`;
    const key = `${region.name}/${name}`;
    const rules = block % 3 === 0 ? [{ port: 22, from: '0.0.0.0/0' }] : [{ port: 443, from: '10.0.0.0/8' }];
    const group = groups.get(key) ?? buildGroup(region, network, name, 'Fleet', rules);
    groups.set(key, group);
    const configured = n % 10 === 0 && block % 3 !== 0;
    const instance = buildInstance(region, network, {
      key: `node-${String(n).padStart(5, '0')}`,
      groups: [group],
      os: n % 8 === 7 && !configured ? 'windows' : 'linux',
      stopped: n % 20 === 19,
      launchedAt,
    });
    if (!configured) continue;
    for (const [tag, value] of Object.entries(policy)) instance.tags.set(tag, value);
    buildOwnGroup(region, network, instance);
  }
}
