/** Credentials from where a chain begins: a profile without a source, the environment, the machine. */
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Clock } from '../../../os/ports.ts';
import { pause } from '../../../waiting.ts';
import type { Identity } from './memo.ts';
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
): Promise<Identity> {
  if (source === 'keys') {
    const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey } = profile;
    const sessionToken = profile['aws_session_token'];
    if (!accessKeyId || !secretAccessKey) throw sourceRefusal(undefined, `the profile “${name}”`, source);
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  }
  const { fromIni, fromTokenFile } = await import('@aws-sdk/credential-providers');
  const where = `the profile “${name}”`;
  if (source === 'web-identity') {
    // Not by fromIni: that asks the usual STS, whatever the profile says.
    const provider = fromTokenFile({
      webIdentityTokenFile: profile['web_identity_token_file'] ?? '',
      roleArn: profile['role_arn'] ?? '',
      roleSessionName: profile['role_session_name'] ?? 'latchkey',
      clientConfig: deps.inner(),
    });
    return bounded(provider, deps.clock, where, source);
  }
  const { config, credentials } = deps.files;
  const provider = fromIni({
    profile: name,
    ignoreCache: true,
    clientConfig: deps.inner(),
    mfaCodeProvider: deps.mfaCode,
    ...(config === undefined ? {} : { configFilepath: config }),
    ...(credentials === undefined ? {} : { filepath: credentials }),
  });
  const isEnvironment = profile['credential_source'] === 'Environment';
  return bounded(provider, deps.clock, where, isEnvironment ? 'environment' : source);
}

/** The variables AWS_ACCESS_KEY_ID … of the broker's own process. */
export async function fromEnvironment(clock: Clock): Promise<Identity> {
  const { fromEnv } = await import('@aws-sdk/credential-providers');
  return bounded(fromEnv(), clock, 'the environment', 'environment');
}

/** The role of the container, else of the instance, that the broker runs in. */
export async function fromMachine(clock: Clock): Promise<Identity> {
  const { createCredentialChain, fromHttp, fromInstanceMetadata } = await import(
    '@aws-sdk/credential-providers'
  );
  const provider = createCredentialChain(fromHttp({}), fromInstanceMetadata({ maxRetries: 1 }));
  return bounded(provider, clock, 'the machine', 'machine');
}

async function bounded(
  provider: () => Promise<Identity>,
  clock: Clock,
  where: string,
  source: string,
): Promise<Identity> {
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
    return (await Promise.race([provider(), late])) as Identity;
  } catch (error) {
    throw sourceRefusal(error, where, source);
  } finally {
    done.abort();
  }
}
