/** An AWS account that is kept, with its way to credentials. */
import type { AccountId } from '../../../../shared/domain/ids.ts';
import type { Os } from '../../../os/ports.ts';
import type { Cloud } from '../../cloud.ts';
import { createAwsCloud } from '../index.ts';
import type { Service } from '../services.ts';
import { createSigner, type Person, type Signer, takeRoles } from './credentials.ts';
import { type Endpoints, endpointsOf, type ServiceId } from './endpoints.ts';
import type { Facts } from './facts.ts';
import type { Identity } from './memo.ts';
import { createInner } from './network.ts';
import { bad, chainOf, type Profile, type Profiles, readProfiles } from './profiles.ts';
import { fromEnvironment, fromMachine, fromProfile, type SourceDeps } from './sources.ts';
import { roleCredentials, type SharedSession, type SharedSessions } from './ssoSessions.ts';

/** What an account is opened with: its facts, or what is known of them before it is one. */
export type Wanted = Pick<Facts, 'way' | 'profile' | 'home' | 'files' | 'endpoints' | 'sso'>;

export interface SignedIn {
  readonly signer: Signer;
  readonly endpoints: Endpoints;
  /** Of a sign-in by IAM Identity Center. */
  readonly shared: SharedSession | undefined;
  readonly place: { startUrl: string; region: string } | undefined;
  /** Somebody has to type a code, now and then. */
  readonly mfa: boolean;
}

/** Reads the profile; makes no request. Throws BAD_INPUT for a profile that leads nowhere. */
export async function openSigner(
  wanted: Wanted,
  ca: string | undefined,
  deps: { os: Pick<Os, 'clock'>; sessions: SharedSessions },
): Promise<SignedIn> {
  const { clock } = deps.os;
  const { way, files, home } = wanted;
  const name = way === 'profile' ? (wanted.profile ?? 'default') : undefined;
  const read = async (): Promise<Profiles | undefined> =>
    name === undefined ? undefined : readProfiles(files);
  const profiles = await read();
  const profile: Profile = profiles && name !== undefined ? profiles.get(name) : {};
  const chain = profiles && name !== undefined ? chainOf(profiles, name) : undefined;
  const endpoints = endpointsOf(wanted.endpoints, profiles, profile);
  const inner = createInner(endpoints, ca);

  const there = chain?.base.source === 'sso' && profiles ? ssoOf(chain.base.profile, profiles) : wanted.sso;
  const clients = there && inner.sso(there.region);
  const shared =
    there &&
    clients &&
    deps.sessions(there, {
      item: wanted.sso?.item,
      sessionName: chain?.base.profile['sso_session'],
      clients,
    });

  async function fromSso(account = there?.account, role = there?.role): Promise<Identity> {
    if (!shared || !clients)
      throw bad('There is no IAM Identity Center to sign in to.', 'Name its start URL and region.');
    if (account === undefined || role === undefined)
      throw bad(
        'It is not known which account and role to take.',
        'Name both, or choose them when you are asked.',
      );
    return roleCredentials(shared, clients, { account, role });
  }

  async function get(mfaCode: SourceDeps['mfaCode']): Promise<Identity> {
    switch (way) {
      case 'environment':
        return fromEnvironment(clock);
      case 'instance-role':
        return fromMachine(clock);
      case 'sso':
        return fromSso();
      case 'profile': {
        const now = await read();
        if (!now || name === undefined) throw bad('There is no profile to sign in with.');
        const sources = { clock, files, inner: () => inner.sts(profile['region'] ?? home), mfaCode };
        const base = (found: ReturnType<typeof chainOf>) => {
          const { sso_account_id: account, sso_role_name: role } = found.base.profile;
          return found.base.source === 'sso' ? fromSso(account, role) : fromProfile(found.base, sources);
        };
        return takeRoles(now, name, base, sources);
      }
    }
  }

  const ask = shared && ((person: Person) => shared.session.signIn(person));
  const mfa = [...(chain?.roles ?? []), ...(chain ? [chain.base] : [])].some(
    one => one.profile['mfa_serial'] !== undefined && one.profile['role_arn'] !== undefined,
  );
  return {
    signer: createSigner({ clock, get, ask, renews: !mfa }),
    endpoints,
    shared,
    place: there && { startUrl: there.startUrl, region: there.region },
    mfa,
  };
}

/** The Identity Center of a profile, by its session or written out as it was before there were sessions. */
export function ssoOf(
  profile: Profile,
  profiles: Profiles,
): { startUrl: string; region: string; account: string | undefined; role: string | undefined } {
  const name = profile['sso_session'];
  const session = name === undefined ? profile : profiles.ssoSession(name);
  const { sso_start_url: startUrl, sso_region: region } = session;
  if (startUrl === undefined || region === undefined)
    throw bad(
      'The profile’s IAM Identity Center is not complete: sso_start_url or sso_region is missing.',
      '`aws configure sso` completes it.',
    );
  return { startUrl, region, account: profile['sso_account_id'], role: profile['sso_role_name'] };
}

const serviceIds: Record<Service, ServiceId> = {
  ec2: 'ec2',
  'ec2-instance-connect': 'ec2_instance_connect',
  cloudtrail: 'cloudtrail',
  iam: 'iam',
  scheduler: 'scheduler',
  sts: 'sts',
};

/** The account as a Cloud. */
export function cloudOf(
  account: AccountId,
  { home, regions }: Pick<Facts, 'home' | 'regions'>,
  ca: string | undefined,
  { signer, endpoints }: SignedIn,
  os: Pick<Os, 'clock' | 'random' | 'log'>,
): Cloud {
  const { clock, random, log } = os;
  return createAwsCloud({
    account,
    regions,
    home,
    endpoint: service => endpoints(serviceIds[service]),
    caCertificate: ca,
    // The SDK's clients keep what they are given until its end, and keys without one for ever: then a new sign-in, or new
    // keys in a file, would change nothing. An end that is past has them ask each time; memo.ts knows what is good.
    credentials: async () => ({ ...(await signer.credentials()), expiration: new Date(0) }),
    refused: () => signer.refused(),
    clock,
    random,
    log,
  });
}
