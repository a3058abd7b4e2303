/** Looking at what Latchkey did without asking Latchkey. */
import { readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeSecurityGroupRulesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Client } from 'ssh2';
import type { PracticeInfo } from '../../main/os/ports.ts';
import type { Endpoint } from '../../shared/contract/vms.ts';
import { type Latchkey, output } from './command.ts';

export interface SeenRule {
  name: string;
  description: string;
}

/** Does somebody say hello there? A refused or reset connection is a no. */
export function answers({ host, hostPort }: Endpoint): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(hostPort, host);
    socket.setTimeout(3_000, () => socket.destroy());
    socket.once('data', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

/** When it was first refused, epoch ms. There is nothing to wait on from outside but to knock again. */
export async function untilRefused(endpoint: Endpoint, latest: number): Promise<number> {
  while (await answers(endpoint)) {
    if (Date.now() > latest) throw new Error('it still answers');
    await sleep(100);
  }
  return Date.now();
}

/** Every security rule of every NSG, by ARM. */
export async function nsgRules(info: PracticeInfo): Promise<SeenRule[]> {
  const ca = await readFile(info.caFile);
  const headers = { authorization: `Bearer ${info.azure.token}` };
  const rules: SeenRule[] = [];
  for (const subscription of info.azure.subscriptionIds) {
    const path = `/subscriptions/${subscription}/providers/Microsoft.Network/networkSecurityGroups?api-version=2024-05-01`;
    let url: string | undefined = new URL(path, info.azure.armEndpoint).href;
    while (url !== undefined) {
      const address: string = url;
      const body = await new Promise<string>((resolve, reject) =>
        get(address, { ca, headers }, answer => resolve(text(answer))).once('error', reject),
      );
      const page = JSON.parse(body) as {
        value: { properties: { securityRules: { name: string; properties: { description?: string } }[] } }[];
        nextLink?: string;
      };
      for (const group of page.value) {
        rules.push(
          ...group.properties.securityRules.map(({ name, properties }) => ({
            name,
            description: properties.description ?? '',
          })),
        );
      }
      url = page.nextLink;
    }
  }
  return rules;
}

/** Every rule of every security group, by the EC2 API. */
export async function securityGroupRules(info: PracticeInfo): Promise<SeenRule[]> {
  const ca = await readFile(info.caFile);
  const rules: SeenRule[] = [];
  for (const region of info.aws.regions) {
    const client = new EC2Client({
      region,
      endpoint: info.aws.endpoint,
      credentials: { accessKeyId: info.aws.accessKeyId, secretAccessKey: info.aws.secretAccessKey },
      requestHandler: new NodeHttpHandler({ httpsAgent: { ca } }),
    });
    const answer = await client.send(new DescribeSecurityGroupRulesCommand({ MaxResults: 1000 }));
    client.destroy();
    for (const rule of answer.SecurityGroupRules ?? []) {
      rules.push({ name: rule.SecurityGroupRuleId ?? '', description: rule.Description ?? '' });
    }
  }
  return rules;
}

/** Runs a command on a VM by the system's ssh as `ssh-config` sets it up, or by ssh2 where there is no ssh. */
export async function runBySsh(
  folder: string,
  run: Latchkey,
  vm: string,
  endpoint: Endpoint,
  command: string,
): Promise<{ text: string; client: string }> {
  const version = await output(['ssh', '-V']).catch(() => undefined);
  if (version !== undefined) {
    const config = join(folder, 'ssh-config');
    await writeFile(config, await run.plain('ssh-config'));
    return { text: await output(['ssh', '-F', config, vm, command]), client: "the system's ssh" };
  }
  return { text: await runBySsh2(endpoint, command), client: 'ssh2' };
}

function runBySsh2({ host, hostPort }: Endpoint, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    client.once('error', reject);
    client.once('ready', () =>
      client.exec(command, (error, stream) => {
        if (error) return reject(error);
        text(stream).then(said => {
          client.end();
          resolve(said);
        }, reject);
      }),
    );
    client.connect({ host, port: hostPort, username: 'practice', tryKeyboard: false });
  });
}
