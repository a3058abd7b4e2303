/** Credentials from where a chain begins: a profile without a source, the environment, the machine. */
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Clock } from '../../../os/ports.ts';
import { pause } from '../../../waiting.ts';
import type { Chain, ProfileFiles } from './profiles.ts';
import { sourceRefusal } from './refusals.ts';

/** A program that signs in may ask for a touch of a security key. Milliseconds. */
const patienceMs = 120_000;

/** What the SDK's own requests (STS, SSO) go by. */
export interface InnerConfig {
  region: string;
  endpoint?: string;
  requestHandler: object;
}

export interface SourceDeps {
  clock: Clock;
  files: ProfileFiles;
  /** Of STS. */
  inner: () => InnerConfig;
  mfaCode: (device: string) => Promise<string>;
}

/** The provider of a profile that is no SSO one and takes no role of another profile. */
export async function fromProfile(
  { name, profile, source }: Chain['base'],
  deps: SourceDeps,
): Promise<AwsCredentialIdentity> {
  if (source === 'keys') {
    const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey } = profile;
    const sessionToken = profile['aws_session_token'];
    if (!accessKeyId || !secretAccessKey) throw sourceRefusal(undefined, `the profile “${name}”`, source);
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  }
  const { fromIni } = await import('@aws-sdk/credential-providers');
  const { config, credentials } = deps.files;
  const provider = fromIni({
    profile: name,
    ignoreCache: true,
    clientConfig: deps.inner(),
    mfaCodeProvider: deps.mfaCode,
    ...(config === undefined ? {} : { configFilepath: config }),
    ...(credentials === undefined ? {} : { filepath: credentials }),
  });
  return bounded(provider, deps.clock, `the profile “${name}”`, source);
}

/** The variables AWS_ACCESS_KEY_ID … of the broker's own process. */
export async function fromEnvironment(clock: Clock): Promise<AwsCredentialIdentity> {
  const { fromEnv } = await import('@aws-sdk/credential-providers');
  return bounded(fromEnv(), clock, 'the environment', 'environment');
}

/** The role of the container, else of the instance, that the broker runs in. */
export async function fromMachine(clock: Clock): Promise<AwsCredentialIdentity> {
  const { createCredentialChain, fromHttp, fromInstanceMetadata } = await import(
    '@aws-sdk/credential-providers'
  );
  const provider = createCredentialChain(fromHttp({}), fromInstanceMetadata({ maxRetries: 1 }));
  return bounded(provider, clock, 'the machine', 'machine');
}

async function bounded(
  provider: AwsCredentialIdentityProvider,
  clock: Clock,
  where: string,
  source: string,
): Promise<AwsCredentialIdentity> {
  const done = new AbortController();
  const late = pause(clock, patienceMs, done.signal).then(() => {
    if (done.signal.aborted) return undefined;
    throw new LatchkeyError({
      code: 'NO_ANSWER',
      message: `No credentials from ${where}: nothing came within two minutes.`,
      fix: 'Look at what it waits for, then try again.',
    });
  });
  try {
    return (await Promise.race([provider(), late])) as AwsCredentialIdentity;
  } catch (error) {
    throw sourceRefusal(error, where, source);
  } finally {
    done.abort();
  }
}
