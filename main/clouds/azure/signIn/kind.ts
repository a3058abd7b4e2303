/** Azure as a kind of account: signed in to, opened again, forgotten. */
import { createHash } from 'node:crypto';
import type { TokenCredential } from '@azure/core-auth';
import { z } from 'zod';
import { type NewAccount, signInWay } from '../../../../shared/contract/accounts.ts';
import { parseAccountId } from '../../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Files, Os } from '../../../os/ports.ts';
import type { AccountKind, KeptAccount, OpenAccount } from '../../accountKind.ts';
import { createAzureCloud } from '../azureCloud.ts';
import { claimsOf, whoIs } from '../token.ts';
import { machineCredential } from './machine.ts';
import { type Place, placeOf, scopeOf } from './places.ts';
import { createSession, type Session } from './session.ts';
import { createTokenStore, type TokenStore } from './tokenStore.ts';
import { isMachineWay } from './ways.ts';

/**
 * The public client of the Azure CLI, known in every tenant of every Azure cloud: Latchkey has no registration of its
 * own yet. Conditional access and sign-in logs name it “Microsoft Azure CLI”; `--client-id` names another.
 */
const usualClientId = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';

/** What opens an account again; no secret. `home`: msal's name for the person. `item`: where the keychain has the tokens. */
const facts = z.object({
  way: signInWay,
  cloud: z.string(),
  tenant: z.string(),
  /** The tenant to ask; absent where the authority is an issuer of its own or the machine knows. */
  askTenant: z.string().optional(),
  clientId: z.string().optional(),
  home: z.string().optional(),
  item: z.string().optional(),
});
type Facts = z.infer<typeof facts>;

type Pieces = Pick<Os, 'clock' | 'random' | 'log' | 'files' | 'keychain' | 'redirects'>;

/** Makes the kind. No SDK is loaded before it is used. */
export function azureAccounts(os: Pieces): AccountKind {
  function opened(
    kept: KeptAccount,
    parts: { place: Place; ca: string | undefined; credential: TokenCredential },
    signedIn: { session: Session; store: TokenStore } | undefined,
  ): OpenAccount {
    const known = factsOf(kept);
    const { way, tenant } = known;
    const { place, ca, credential } = parts;
    return {
      cloud: createAzureCloud({
        account: kept.id,
        armEndpoint: place.armEndpoint,
        audience: place.audience,
        caCertificate: ca,
        tenantId: tenant,
        credential,
        clock: os.clock,
        random: os.random,
        log: os.log,
      }),
      inMemory: () => signedIn?.store.inMemory() ?? false,
      async signIn(other, how) {
        if (!signedIn) return undefined; // The machine signs in: what follows shows whether it can.
        const { session, store } = signedIn;
        if (other === undefined && (await session.renews())) return undefined;
        const wanted = other ?? way;
        await session.signIn(wanted === 'device-code' ? wanted : 'browser', how);
        // There was no keychain before: there may be one now.
        return known.item === undefined ? { ...known, ...(await keepIn(store, kept.id)) } : undefined;
      },
      forget: async () => signedIn?.store.forget(),
    };
  }

  return {
    kind: 'azure',
    async add(wanted, how) {
      if (wanted.kind !== 'azure') throw bad(`An account of the kind ${wanted.kind} is not one of Azure.`);
      const place = placeOf(wanted.cloud ?? 'AzureCloud', how.settings);
      const ca = await readCa(place, os.files);
      if (isMachineWay(wanted.way)) return addMachine(wanted, place, ca, how.signal);
      const clientId = wanted.clientId ?? usualClientId;
      const store = createTokenStore(os, undefined);
      const session = createSession({
        place,
        tenant: wanted.tenant,
        clientId,
        who: undefined,
        ca,
        store,
        os,
      });
      const person = await session.signIn(wanted.way === 'device-code' ? wanted.way : 'browser', how);
      const tenant = person.tenant || wanted.tenant || 'home';
      const { user, name } = named(person.token, person.user, place);
      const id = idFor(tenant, [place.name, person.homeAccountId]);
      const kept: KeptAccount = {
        id,
        name,
        user,
        facts: {
          way: wanted.way,
          cloud: place.name,
          tenant,
          askTenant: person.tenant || wanted.tenant,
          clientId,
          home: person.homeAccountId,
          ...(await keepIn(store, id)),
        } satisfies Facts,
      };
      return { kept, open: opened(kept, { place, ca, credential: session.credential }, { session, store }) };
    },
    async open(kept, settings) {
      const { way, cloud, tenant, askTenant, clientId, home, item } = factsOf(kept);
      const place = placeOf(cloud, settings);
      const ca = await readCa(place, os.files);
      if (isMachineWay(way)) {
        const credential = machineCredential(way, { place, tenant: askTenant, clientId, ca });
        return opened(kept, { place, ca, credential }, undefined);
      }
      const store = createTokenStore(os, item);
      const session = createSession({
        place,
        tenant: askTenant ?? tenant,
        clientId: clientId ?? usualClientId,
        who: { homeAccountId: home ?? '', user: kept.user },
        ca,
        store,
        os,
      });
      return opened(kept, { place, ca, credential: session.credential }, { session, store });
    },
    describe(kept) {
      const { data } = facts.safeParse(kept.facts);
      if (!data) return {};
      const { way, tenant, cloud, clientId } = data;
      return { way, azure: { tenant, cloud, ...(clientId === undefined ? {} : { clientId }) } };
    },
    asksPerson: kept => {
      const { data } = facts.safeParse(kept.facts);
      return data !== undefined && !isMachineWay(data.way);
    },
  };

  /** A new item of the keychain: another data directory may keep the same account. None where the keychain refuses. */
  async function keepIn(store: TokenStore, id: string): Promise<{ item?: string }> {
    const item = `${id} ${Buffer.from(os.random.bytes(4)).toString('hex')}`;
    await store.keepAs(item);
    return store.inMemory() ? {} : { item };
  }

  async function addMachine(
    { way, tenant: askTenant, clientId }: Extract<NewAccount, { kind: 'azure' }>,
    place: Place,
    ca: string | undefined,
    signal: AbortSignal,
  ): Promise<{ kept: KeptAccount; open: OpenAccount }> {
    if (!isMachineWay(way)) throw new Error(`${way} asks a person`);
    const credential = machineCredential(way, { place, tenant: askTenant, clientId, ca });
    const token = (await credential.getToken(scopeOf(place), { abortSignal: signal }))?.token ?? '';
    const claims = claimsOf(token);
    const claim = (key: string) => (typeof claims[key] === 'string' ? claims[key] : undefined);
    const tenant = claim('tid') ?? askTenant ?? 'home';
    const who = claim('oid') ?? claim('appid') ?? claim('sub') ?? '';
    const { user, name } = named(token, '', place);
    const kept: KeptAccount = {
      id: idFor(tenant, [place.name, way, who]),
      name,
      user,
      facts: {
        way,
        cloud: place.name,
        tenant,
        ...(askTenant === undefined ? {} : { askTenant }),
        ...(clientId === undefined ? {} : { clientId }),
      } satisfies Facts,
    };
    return { kept, open: opened(kept, { place, ca, credential }, undefined) };
  }
}

/** Throws BAD_INPUT: the ledger was written by another Latchkey, or by hand. */
function factsOf(kept: KeptAccount): Facts {
  const { data } = facts.safeParse(kept.facts);
  if (data) return data;
  throw bad(`What is known of ${kept.name} can’t be read.`, 'Remove the account and add it again.');
}

/** `azure:<tenant>:<who>`: several users of one tenant, and one user in several tenants, side by side. */
function idFor(tenant: string, who: string[]): KeptAccount['id'] {
  const hash = createHash('sha256').update(JSON.stringify(who)).digest('hex').slice(0, 8);
  return parseAccountId(`azure:${tenant.replaceAll(/[^\w.-]/g, '-').slice(0, 64)}:${hash}`);
}

/** A user principal name has at most 113 characters; an issuer of somebody's own may say anything. */
const longestUser = 256;

/** Who a token says we are, and what to call the account: by the domain of the user, else by the tenant. */
function named(token: string, username: string, { name: cloud }: Place): { user: string; name: string } {
  const told = whoIs(token);
  const user = (told.user === 'unknown' && username !== '' ? username : told.user).slice(0, longestUser);
  const where = user.includes('@') ? user.slice(user.lastIndexOf('@') + 1) : user.slice(0, 36);
  return { user, name: `${cloud === 'AzureCloud' ? 'Azure' : cloud} ${where}` };
}

async function readCa({ caFile, name }: Place, files: Files): Promise<string | undefined> {
  if (caFile === undefined) return undefined;
  const ca = await files.readText(caFile);
  if (ca !== undefined) return ca;
  throw bad(`The certificate authorities of ${name} are missing: there is no file ${caFile}.`);
}

function bad(message: string, fix?: string): LatchkeyError {
  return new LatchkeyError({ code: 'BAD_INPUT', message, fix });
}
