/** The services of AWS that Latchkey talks to: their SDK clients, each loaded when it is first needed (they are large). */
import type { CloudTrail } from '@aws-sdk/client-cloudtrail';
import type { EC2, EC2ClientConfig } from '@aws-sdk/client-ec2';
import type { EC2InstanceConnect } from '@aws-sdk/client-ec2-instance-connect';
import type { IAM } from '@aws-sdk/client-iam';
import type { Scheduler } from '@aws-sdk/client-scheduler';
import type { STS } from '@aws-sdk/client-sts';

export interface Clients {
  ec2: EC2;
  'ec2-instance-connect': EC2InstanceConnect;
  cloudtrail: CloudTrail;
  iam: IAM;
  scheduler: Scheduler;
  sts: STS;
}
export type Service = keyof Clients;

/** What all clients are made with: they share credentials, connections and the manner of retrying. */
export type ClientConfig = Pick<
  EC2ClientConfig,
  'credentials' | 'requestHandler' | 'retryMode' | 'maxAttempts' | 'endpoint'
> & { region: string };

const makers: { [S in Service]: (config: ClientConfig) => Promise<Clients[S]> } = {
  ec2: async config => new (await import('@aws-sdk/client-ec2')).EC2(config),
  'ec2-instance-connect': async config =>
    new (await import('@aws-sdk/client-ec2-instance-connect')).EC2InstanceConnect(config),
  cloudtrail: async config => new (await import('@aws-sdk/client-cloudtrail')).CloudTrail(config),
  iam: async config => new (await import('@aws-sdk/client-iam')).IAM(config),
  scheduler: async config => new (await import('@aws-sdk/client-scheduler')).Scheduler(config),
  sts: async config => new (await import('@aws-sdk/client-sts')).STS(config),
};

/** A client of one service in one region; its SDK is loaded by this. */
export function makeClient<S extends Service>(service: S, config: ClientConfig): Promise<Clients[S]> {
  return makers[service](config);
}
