/** Services that speak JSON on `/`: the operation is in `X-Amz-Target` (AWS JSON 1.1). */
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../errors.ts';
import { lookUp } from '../trail/lookUp.ts';
import type { AccessKey, World } from '../world.ts';
import { sendKey } from './instanceConnect.ts';

export interface JsonCall {
  world: World;
  region: string;
  key: AccessKey;
  input: unknown;
}

/** By target: the service's name in it, and the operation. */
const operations: Record<string, (call: JsonCall) => object> = {
  'CloudTrail_20131101.LookupEvents': lookUp,
  'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents': lookUp,
  'AWSEC2InstanceConnectService.SendSSHPublicKey': sendKey,
};

/** The operation's name; undefined for a request that is none of these. */
export function jsonAction(headers: IncomingHttpHeaders): string | undefined {
  return targetOf(headers)?.split('.').at(-1);
}

/** Throws UnknownOperationException, SerializationException, and what the operation throws. */
export function runJson({
  headers,
  body,
  ...call
}: Omit<JsonCall, 'input'> & { headers: IncomingHttpHeaders; body: Buffer }): string {
  const target = targetOf(headers) ?? '';
  const run = Object.hasOwn(operations, target) ? operations[target] : undefined;
  if (!run) throw new AwsError('UnknownOperationException', 'There is no such operation.', 404);
  return JSON.stringify(run({ ...call, input: parse(body) }));
}

function targetOf(headers: IncomingHttpHeaders): string | undefined {
  const target = headers['x-amz-target'];
  return typeof target === 'string' ? target : undefined;
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString() || '{}');
  } catch {
    throw new AwsError('SerializationException', 'The body is no JSON.');
  }
}
