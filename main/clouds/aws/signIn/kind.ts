/** AWS as a kind of account: signed in to, opened again, forgotten. */
import { createHash } from 'node:crypto';
import type { AwsProfile, NewAccount } from '../../../../shared/contract/accounts.ts';
import { type AccountId, parseAccountId } from '../../../../shared/domain/ids.ts';
import type { Os } from '../../../os/ports.ts';
import type { AccountKind, KeptAccount, OpenAccount, SigningIn } from '../../accountKind.ts';
import { partitionOf } from '../names.ts';
import { type Facts, facts, factsOf } from './facts.ts';
import { cloudOf, openSigner, type SignedIn, ssoOf, type Wanted } from './opened.ts';
import {
  bad,
  chainOf,
  type Profile,
  type ProfileFiles,
  type Profiles,
  readProfiles,
  sourceOf,
} from './profiles.ts';
import { createSharedSessions } from './ssoSessions.ts';

type Pieces = Pick<Os, 'clock' | 'random' | 'log' | 'files' | 'keychain'>;
type NewAws = Extract<NewAccount, { kind: 'aws' }>;

/** Makes the kind. No SDK is loaded before it is used. */
export function awsAccounts(os: Pieces): AccountKind {
  const sessions = createSharedSessions(os);

  function opened(kept: KeptAccount, ca: string | undefined, signedIn: SignedIn): OpenAccount {
    const { signer, shared } = signedIn;
    shared?.join(kept.id);
    return {
      cloud: cloudOf(kept.id, factsOf(kept), ca, signedIn, os),
      inMemory: () => shared?.store.inMemory() ?? false,
      async signIn(_way, how) {
        await signer.signIn(how);
        return undefined;
      },
      forget: async () => shared?.leave(kept.id),
    };
  }

  return {
    kind: 'aws',
    async add(wanted, how) {
      if (wanted.kind !== 'aws') throw bad(`An account of the kind ${wanted.kind} is not one of AWS.`);
      const { parts, ca, caFile, regions } = await prepare(wanted, os.files);
      const signedIn = await openSigner(parts, ca, { os, sessions });
      const { shared, place, mfa } = signedIn;
      const adding = `adding ${Buffer.from(os.random.bytes(8)).toString('hex')}`;
      shared?.join(adding);
      try {
        if (parts.way === 'sso' && parts.sso?.role === undefined)
          parts.sso = await chooseRole(parts, signedIn, how);
        const { signer } = parts.way === 'sso' ? await openSigner(parts, ca, { os, sessions }) : signedIn;
        await signer.signIn(how);
        const who = await whoIs({ ...parts, regions }, ca, { ...signedIn, signer }, how.signal);
        const id = idFor(who.account, parts, who.role);
        const kept: KeptAccount = {
          id,
          name: parts.way === 'profile' ? (parts.profile ?? 'default') : `AWS ${who.account}`,
          user: who.user,
          facts: {
            ...parts,
            account: who.account,
            partition: who.partition,
            regions,
            ...(caFile === undefined ? {} : { caFile }),
            ...(place && shared ? { sso: { ...parts.sso, ...place, item: shared.item } } : {}),
            ...(mfa ? { mfa } : {}),
          } satisfies Facts,
        };
        return { kept, open: opened(kept, ca, { ...signedIn, signer }) };
      } finally {
        // An account that came of it has joined: nothing is kept of one that did not.
        await shared?.leave(adding);
      }
    },
    async open(kept) {
      const known = factsOf(kept);
      const ca = await readCa(known.caFile, os.files);
      return opened(kept, ca, await openSigner(known, ca, { os, sessions }));
    },
    describe(kept) {
      const { data } = facts.safeParse(kept.facts);
      if (!data) return {};
      const { way, account, partition, regions, profile, sso, mfa, endpoints } = data;
      const endpoint = endpoints['ec2'] ?? endpoints['all'];
      return {
        aws: {
          way,
          account,
          partition,
          regions,
          ...(profile === undefined ? {} : { profile }),
          ...(sso === undefined ? {} : { startUrl: sso.startUrl }),
          ...(endpoint === undefined ? {} : { endpoint }),
          ...(mfa === undefined ? {} : { mfa }),
        },
      };
    },
    asksPerson: kept => {
      const { data } = facts.safeParse(kept.facts);
      return data?.sso !== undefined || data?.mfa === true;
    },
    profiles: describeProfiles,
  };

  /** Who we are there, as AWS says. */
  async function whoIs(
    known: Pick<Facts, 'home' | 'regions'>,
    ca: string | undefined,
    signedIn: SignedIn,
    signal: AbortSignal,
  ): Promise<{ account: string; partition: string; user: string; role: string }> {
    const cloud = cloudOf(parseAccountId('aws:new'), known, ca, signedIn, os);
    try {
      const { user, name: arn } = await cloud.identity(signal);
      const [, partition = '', , , account = ''] = arn.split(':');
      const role = arn.split(':').at(-1)?.split('/').slice(0, 2).join('/') ?? '';
      return { account, partition: partition || partitionOf(known.home), user, role };
    } finally {
      cloud.dispose();
    }
  }
}

/** What an account is opened with, before it is one. Throws BAD_INPUT. */
async function prepare(wanted: NewAws, files: Os['files']) {
  const { way, profile: name } = wanted;
  const where: ProfileFiles = wanted.files ?? {};
  const profiles = way === 'profile' ? await readProfiles(where) : undefined;
  const profile = profiles?.get(name ?? 'default') ?? {};
  const sso = profiles ? centerOf(name ?? 'default', profiles)?.region : wanted.sso?.region;
  const regions = wanted.regions ?? 'all';
  const told = regions === 'all' ? undefined : regions[0];
  // Identity Center is at least in the right partition.
  const home = profile['region'] ?? told ?? sso ?? 'us-east-1';
  if (way === 'sso' && !wanted.sso)
    throw bad('To sign in by IAM Identity Center its start URL is needed.', 'Name it and its region.');
  const parts: Wanted = {
    way,
    home,
    files: where,
    endpoints: wanted.endpoints ?? {},
    ...(way === 'profile' ? { profile: name ?? 'default' } : {}),
    ...(way === 'sso' && wanted.sso ? { sso: { ...wanted.sso } } : {}),
  };
  const caFile = wanted.caFile ?? profile['ca_bundle'];
  return { parts, regions, caFile, ca: await readCa(caFile, files) };
}

/** Signs in to Identity Center where that is needed, and has the person choose among the roles there. */
async function chooseRole(parts: Wanted, { shared, place }: SignedIn, how: SigningIn): Promise<Facts['sso']> {
  if (!shared || !place) throw bad('There is no IAM Identity Center to sign in to.');
  if (!(await shared.session.renews())) await shared.session.signIn(how);
  const all = await shared.session.roles(how.signal);
  const wanted = parts.sso?.account;
  const roles = all.filter(one => wanted === undefined || one.account === wanted);
  if (roles.length === 0)
    throw bad(
      'You have no role in IAM Identity Center there.',
      'Ask its administrator for a permission set.',
    );
  const answer = roles.length === 1 ? undefined : await how.question({ step: 'choose-role', roles });
  const chosen =
    answer === undefined ? roles[0] : roles.find(one => `${one.account}/${one.role}` === answer.trim());
  if (!chosen)
    throw bad(`There is no role “${answer ?? ''}”.`, 'Answer with one of the list: <account>/<role>.');
  return { ...place, account: chosen.account, role: chosen.role };
}

/** `aws:<account>:<who>`: several roles of one account, and one profile on several servers, side by side. */
function idFor(account: string, parts: Wanted, role: string): AccountId {
  const { way, profile = '', endpoints, files } = parts;
  const who = [way, profile, role, Object.entries(endpoints), files.config ?? '', files.credentials ?? ''];
  const hash = createHash('sha256').update(JSON.stringify(who)).digest('hex').slice(0, 8);
  return parseAccountId(`aws:${account}:${hash}`);
}

async function readCa(file: string | undefined, files: Os['files']): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const ca = await files.readText(file);
  if (ca !== undefined) return ca;
  throw bad(`The certificate authorities are missing: there is no file ${file}.`);
}

/** The profiles there are, without a secret. */
async function describeProfiles(files: ProfileFiles): Promise<AwsProfile[]> {
  const profiles = await readProfiles(files);
  return profiles.names.map(name => describeProfile(name, profiles.get(name), profiles));
}

function describeProfile(name: string, profile: Profile, profiles: Profiles): AwsProfile {
  const arn = /^arn:[\w-]+:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(profile['role_arn'] ?? '');
  const account = arn?.[1] ?? profile['sso_account_id'];
  const role = arn?.[2] ?? profile['sso_role_name'];
  const startUrl = centerOf(name, profiles)?.startUrl;
  return {
    name,
    source: sourceOf(profile),
    ...(profile['region'] === undefined ? {} : { region: profile['region'] }),
    ...(account === undefined ? {} : { account }),
    ...(role === undefined ? {} : { role }),
    ...(startUrl === undefined ? {} : { startUrl }),
  };
}

/** Of a profile that is whole; what is wrong with another is told when it is used. */
function centerOf(name: string, profiles: Profiles) {
  try {
    const { base } = chainOf(profiles, name);
    return base.source === 'sso' ? ssoOf(base.profile, profiles) : undefined;
  } catch {
    return undefined;
  }
}
