/** Plain HTTPS exchanges with a practice cloud: no SDK, nothing but Node's own client. The floor of what a client can cost. */
import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { PracticeInfo } from '../../main/os/ports.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Connections of the process, kept open, by certificate authority. */
const agents = new Map<string, Agent>();

function agentFor(caFile: string): Agent {
  const known = agents.get(caFile) ?? new Agent({ keepAlive: true, ca: readFileSync(caFile) });
  agents.set(caFile, known);
  return known;
}

async function exchange(
  info: PracticeInfo,
  method: string,
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<Answer> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { method, headers, agent: agentFor(info.caFile) }, resolve)
      .once('error', reject)
      .end(body);
  });
  const said = await text(answer);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: said };
}

/** One request to ARM. `path` is a whole address, or begins with `/`. Throws for 400 and more. */
export async function arm(info: PracticeInfo, method: string, path: string, body?: unknown): Promise<Answer> {
  const url = path.startsWith('/') ? info.azure.armEndpoint + path : path;
  const said = body === undefined ? '' : JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${info.azure.token}`,
    ...(said === '' ? {} : { 'content-type': 'application/json' }),
  };
  return checked(await exchange(info, method, url, headers, said), `${method} ${url}`);
}

/** One request to the practice cloud's control interface; its JSON. */
export async function control(
  info: PracticeInfo,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  return JSON.parse((await arm(info, method, info.control + path, body)).body);
}

/** One EC2 action, signed (Signature Version 4). Throws for 400 and more. */
export async function ec2(
  info: PracticeInfo,
  region: string,
  action: string,
  params: Record<string, string>,
): Promise<Answer> {
  const body = new URLSearchParams({ Action: action, Version: '2016-11-15', ...params }).toString();
  const { host } = new URL(info.aws.endpoint);
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const scope = [time.slice(0, 8), region, 'ec2', 'aws4_request'];
  const canonical = [
    'POST',
    '/',
    '',
    `host:${host}`,
    `x-amz-date:${time}`,
    '',
    'host;x-amz-date',
    sha256(body),
  ];
  const toSign = ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(canonical.join('\n'))].join('\n');
  let key: Buffer = Buffer.from(`AWS4${info.aws.secretAccessKey}`);
  for (const part of [...scope, toSign]) key = createHmac('sha256', key).update(part).digest();
  const authorization = `AWS4-HMAC-SHA256 Credential=${info.aws.accessKeyId}/${scope.join('/')}, SignedHeaders=host;x-amz-date, Signature=${key.toString('hex')}`;
  const headers = {
    host,
    authorization,
    'x-amz-date': time,
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
  };
  return checked(await exchange(info, 'POST', `${info.aws.endpoint}/`, headers, body), action);
}

function checked(answer: Answer, what: string): Answer {
  if (answer.status >= 400) throw new Error(`${what} was answered with ${answer.status}: ${answer.body}`);
  return answer;
}

function sha256(data: string): string {
  return createHash('sha256').update(data).digest('hex');
}
