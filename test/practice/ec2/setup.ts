/** A practice AWS account behind a plain HTTP listener, and real SDK clients for it. */
import { EC2Client } from '@aws-sdk/client-ec2';
import { STSClient } from '@aws-sdk/client-sts';
import Fastify from 'fastify';
import { registerEc2 } from '../../../main/practice/ec2/register.ts';
import { createAwsWorld, type WorldOptions } from '../../../main/practice/ec2/seed.ts';
import type { AccessKey, Instance, Region, SecurityGroup } from '../../../main/practice/ec2/world.ts';

export async function startAws(options: Partial<WorldOptions> = {}) {
  // The SDK signs with this computer's clock, so the cloud's is this one with an offset that tests move.
  const clock = { aheadMs: 0 };
  const world = createAwsWorld({
    now: () => Date.now() + clock.aheadMs,
    lagMs: 0,
    powerMs: 0,
    ...options,
  });
  const app = Fastify({ forceCloseConnections: true });
  const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINbAA39pCaYSmLz8BidvvN6fVVJu5E080cquazPF2TUb';
  await registerEc2(app, { world, hostKeys: () => [hostKey] });
  const endpoint = await app.listen({ host: '127.0.0.1', port: 0 });

  const keyOf = (role: AccessKey['role']) => {
    const key = [...world.keys.values()].find(each => each.role === role);
    if (!key) throw new Error(`no ${role}`);
    return { accessKeyId: key.id, secretAccessKey: key.secret };
  };
  const settings = (role: AccessKey['role'], region: string) => ({
    endpoint,
    region,
    credentials: keyOf(role),
    maxAttempts: 1,
  });
  const [north, east] = [...world.regions.values()];
  if (!north || !east) throw new Error('no regions');
  return {
    world,
    clock,
    endpoint,
    hostKey,
    north,
    east,
    settings,
    /** In the first region (eu-north-1), whose VPC is not the default one. */
    ec2: new EC2Client(settings('operator', north.name)),
    /** In the second (us-east-1), whose VPC is the default one. */
    ec2East: new EC2Client(settings('operator', east.name)),
    viewer: new EC2Client(settings('viewer', north.name)),
    sts: new STSClient(settings('operator', north.name)),
    stop: () => app.close(),
  };
}

export function instanceNamed(region: Region, name: string): Instance {
  const found = [...region.instances.values()].find(instance => instance.tags.get('Name') === name);
  if (!found) throw new Error(`no instance ${name}`);
  return found;
}

export function groupNamed(region: Region, name: string): SecurityGroup {
  const found = [...region.groups.values()].find(group => group.name === name);
  if (!found) throw new Error(`no group ${name}`);
  return found;
}

/** One TCP port from some ranges, as an IpPermission. */
export function tcp(port: number, ...ranges: string[]) {
  const v4 = ranges.filter(range => !range.includes(':'));
  const v6 = ranges.filter(range => range.includes(':'));
  return {
    IpProtocol: 'tcp',
    FromPort: port,
    ToPort: port,
    IpRanges: v4.map(CidrIp => ({ CidrIp })),
    Ipv6Ranges: v6.map(CidrIpv6 => ({ CidrIpv6 })),
  };
}
