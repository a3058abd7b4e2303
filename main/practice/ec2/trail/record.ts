/** An event of CloudTrail for every action that changes something. */
import { randomUUID } from 'node:crypto';
import type { AwsError } from '../errors.ts';
import type { Params } from '../query.ts';
import type { AccessKey, TrailEvent, World } from '../world.ts';
import type { Elements } from '../xml.ts';
import { requestParameters } from './parameters.ts';

/** So many are kept: the real history goes back 90 days. */
const mostEvents = 20_000;

export interface Done {
  world: World;
  region: string;
  key: AccessKey;
  name: string;
  params: Params;
  requestId: string;
  ip: string;
  userAgent: string | undefined;
  /** A service of AWS that did it with somebody's role. */
  invokedBy?: string;
  answer?: Elements;
  error?: AwsError;
}

/** Writes it into the account's history. */
export function record(done: Done): void {
  const { world, region, key, name, requestId, answer, error, invokedBy } = done;
  const id = randomUUID();
  const at = world.now();
  const asked = requestParameters(done.params);
  const user = key.arn.split('/').at(-1) ?? '';
  const event: TrailEvent = {
    id,
    at,
    region,
    name,
    source: 'ec2.amazonaws.com',
    user,
    resources: resourcesOf(done.params),
    record: {
      eventVersion: '1.10',
      userIdentity: identityOf(world, key, user, invokedBy),
      eventTime: `${new Date(at).toISOString().slice(0, 19)}Z`,
      eventSource: 'ec2.amazonaws.com',
      eventName: name,
      awsRegion: region,
      sourceIPAddress: done.ip,
      userAgent: done.userAgent ?? '',
      ...(error === undefined ? {} : { errorCode: `Client.${error.code}`, errorMessage: error.message }),
      requestParameters: asked,
      responseElements: answer === undefined ? null : elements(answer, requestId),
      requestID: requestId,
      eventID: id,
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: world.account,
      eventCategory: 'Management',
    },
  };
  world.trail.push(event);
  if (world.trail.length > mostEvents) world.trail.shift();
}

function identityOf(world: World, key: AccessKey, user: string, invokedBy: string | undefined): object {
  const common = { principalId: key.userId, arn: key.arn, accountId: world.account, accessKeyId: key.id };
  const [, role] = /:assumed-role\/([^/]+)\//.exec(key.arn) ?? [];
  if (role === undefined) return { type: 'IAMUser', ...common, userName: user };
  const sessionIssuer = {
    type: 'Role',
    principalId: key.userId.split(':')[0],
    arn: `arn:${world.partition}:iam::${world.account}:role/${role}`,
    accountId: world.account,
    userName: role,
  };
  const by = invokedBy === undefined ? {} : { invokedBy };
  return { type: 'AssumedRole', ...common, sessionContext: { sessionIssuer, attributes: {} }, ...by };
}

function resourcesOf(params: Params): TrailEvent['resources'] {
  const group = params.text('GroupId');
  const nic = params.text('NetworkInterfaceId');
  return [
    ...(group === undefined ? [] : [{ type: 'AWS::EC2::SecurityGroup', name: group }]),
    ...(nic === undefined ? [] : [{ type: 'AWS::EC2::NetworkInterface', name: nic }]),
  ];
}

/** `return` is a word of some languages: CloudTrail writes `_return`. Lists are `{ item }` in XML and `{ items }` here. */
function elements(answer: Elements, requestId: string): object {
  const fields = Object.entries(answer).map(([key, value]) => [
    key === 'return' ? '_return' : key,
    isList(value) ? { items: value.item } : value,
  ]);
  return { requestId, ...Object.fromEntries(fields) };
}

function isList(value: unknown): value is { item: unknown[] } {
  return typeof value === 'object' && value !== null && 'item' in value;
}
