/**
 * The profiles of `~/.aws/config` and `~/.aws/credentials`, read anew each time: the person may edit them at any time.
 * `@smithy/core/config` because it is what the SDK itself reads them with.
 */
import { LatchkeyError } from '../../../../shared/errors.ts';

export interface ProfileFiles {
  /** Absolute paths; without them the ones the SDK takes (`AWS_CONFIG_FILE`, `~/.aws/config` …). */
  config?: string | undefined;
  credentials?: string | undefined;
}
/** The settings of a profile, by their lower-case names; nested ones as `ec2.endpoint_url`. May hold secrets. */
export type Profile = Readonly<Record<string, string | undefined>>;

export interface Profiles {
  readonly names: string[];
  /** Throws BAD_INPUT for a name there is none of. */
  get(name: string): Profile;
  /** A `[services …]` section. Throws BAD_INPUT for a name there is none of. */
  services(name: string): Profile;
  /** A `[sso-session …]` section. Throws BAD_INPUT for a name there is none of. */
  ssoSession(name: string): Profile;
}

/** Names in an error message: a few of them are of use, forty are not. */
const mostNamed = 10;

/** Reads both files. A file that is not there has no profiles. */
export async function readProfiles({ config, credentials }: ProfileFiles): Promise<Profiles> {
  const { loadSharedConfigFiles, parseKnownFiles } = await import('@smithy/core/config');
  const init = {
    ignoreCache: true,
    ...(config === undefined ? {} : { configFilepath: config }),
    ...(credentials === undefined ? {} : { filepath: credentials }),
  };
  const [all, { configFile }] = await Promise.all([parseKnownFiles(init), loadSharedConfigFiles(init)]);
  const isSection = (name: string) => /^(sso-session|services)\./.test(name);
  const names = Object.keys(all).filter(name => !isSection(name));
  const section = (kind: string, name: string): Profile => {
    const found = Object.hasOwn(configFile, `${kind}.${name}`) ? configFile[`${kind}.${name}`] : undefined;
    if (found) return found;
    throw bad(
      `There is no section [${kind} ${name}] in the AWS configuration.`,
      'Write it into ~/.aws/config.',
    );
  };
  return {
    names,
    get(name) {
      const found = Object.hasOwn(all, name) ? all[name] : undefined;
      if (found) return found;
      const some = names.slice(0, mostNamed).join(', ') + (names.length > mostNamed ? ', …' : '');
      throw bad(
        `There is no AWS profile “${name}”.`,
        names.length === 0
          ? 'There is none in ~/.aws/config and ~/.aws/credentials: `aws configure` or `aws configure sso` makes one.'
          : `There are: ${some}.`,
      );
    },
    services: name => section('services', name),
    ssoSession: name => section('sso-session', name),
  };
}

/** Where a profile gets its credentials from, as the SDK decides it. */
export type Source = 'keys' | 'sso' | 'role' | 'web-identity' | 'process' | 'machine' | 'login' | 'none';

export function sourceOf(profile: Profile): Source {
  if (profile['role_arn'] !== undefined) {
    if (profile['web_identity_token_file'] !== undefined) return 'web-identity';
    if (profile['source_profile'] !== undefined) return 'role';
    return profile['credential_source'] === undefined ? 'none' : 'machine';
  }
  if (profile['aws_access_key_id'] !== undefined) return 'keys';
  if (profile['credential_process'] !== undefined) return 'process';
  if (profile['sso_session'] !== undefined || profile['sso_start_url'] !== undefined) return 'sso';
  return profile['login_session'] === undefined ? 'none' : 'login';
}

export interface Chain {
  /** The roles taken one after the other, the last one first, each with the profile that says so. */
  roles: { name: string; profile: Profile }[];
  /** The profile that the chain begins with. */
  base: { name: string; profile: Profile; source: Source };
}

/** Follows `source_profile`. Throws BAD_INPUT for a chain that bites its tail, and for a profile with nothing to sign in with. */
export function chainOf(profiles: Profiles, name: string): Chain {
  const roles: Chain['roles'] = [];
  for (let at = name; ; ) {
    const profile = profiles.get(at);
    const next = profile['source_profile'];
    const again = roles.some(role => role.name === at);
    if (sourceOf(profile) !== 'role' || next === undefined || again) {
      // A role whose source is its own profile takes the keys that stand beside it.
      const own = again && profile['aws_access_key_id'] !== undefined && roles.at(-1)?.name === at;
      if (again && !own)
        throw bad(`The AWS profile “${name}” leads back to itself by source_profile (${at}).`);
      const source = own ? 'keys' : sourceOf(profile);
      if (source === 'none')
        throw bad(
          `The AWS profile “${at}” has nothing to sign in with.`,
          '`aws configure` or `aws configure sso` completes it.',
        );
      return { roles, base: { name: at, profile, source } };
    }
    roles.push({ name: at, profile });
    at = next;
  }
}

export function bad(message: string, fix?: string): LatchkeyError {
  return new LatchkeyError({ code: 'BAD_INPUT', message, fix });
}
