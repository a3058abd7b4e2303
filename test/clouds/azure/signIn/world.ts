/** A practice cloud that takes the tokens of an OpenID provider, and Azure accounts that are signed in to there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { defaultSettings } from '../../../../main/broker/settings.ts';
import type { AccountKind, Ask, KeptAccount, OpenAccount } from '../../../../main/clouds/accountKind.ts';
import { azureAccounts } from '../../../../main/clouds/azure/signIn/kind.ts';
import { createOs } from '../../../../main/os/index.ts';
import type { Keychain, Os } from '../../../../main/os/ports.ts';
import { type Practice, startPractice } from '../../../../main/practice/practice.ts';
import type { NewAccount, Settings } from '../../../../shared/contract/accounts.ts';
import { clientId, type OpenId, startOpenId } from '../../../fakes/openId.ts';
import { Person } from '../../../fakes/person.ts';
import { temporaryFolder } from '../../../fakes/temporaryFolder.ts';

export interface SignInWorld {
  openId: OpenId;
  practice: Practice;
  person: Person;
  kind: AccountKind;
  os: Os;
  /** What the keychain holds. */
  items: Map<string, string>;
  settings: Settings;
  wanted: Extract<NewAccount, { kind: 'azure' }>;
  /** Adds an account; `act` is the person. */
  add(
    change?: Partial<Extract<NewAccount, { kind: 'azure' }>>,
    act?: (ask: Ask) => unknown,
    signal?: AbortSignal,
  ): Promise<{ kept: KeptAccount; open: OpenAccount }>;
  /** As a broker that was started anew. */
  reopen(kept: KeptAccount): Promise<OpenAccount>;
  /** Types the code or goes through the pages, as this user. */
  as(name: string): (ask: Ask) => Promise<unknown>;
}

/** Azure’s own pages ask for everything; Latchkey asks nothing. */
export const nobodyAnswers = (): Promise<string> => Promise.reject(new Error('a question'));

/** A keychain that is a map. */
export function mapKeychain(items: Map<string, string>): Keychain {
  return {
    read: async name => items.get(name),
    write: async (name, secret) => void items.set(name, secret),
    remove: async name => void items.delete(name),
  };
}

/** Everything ends with the test. */
export async function openSignInWorld(change: (os: Os) => Partial<Os> = () => ({})): Promise<SignInWorld> {
  const folder = temporaryFolder();
  const openId = await startOpenId(onTestFinished);
  const practice = await startPractice({ dataDirectory: folder, latencyMs: 0, trust: openId.trust });
  onTestFinished(() => practice.stop());
  const caFile = join(folder, 'authorities.pem');
  writeFileSync(caFile, openId.ca + readFileSync(practice.info.caFile, 'utf8'));
  const common = { armEndpoint: practice.info.azure.armEndpoint, caFile };
  const own: Settings = {
    ...defaultSettings,
    azureClouds: [
      { ...common, name: 'Stack', authority: openId.origin },
      { ...common, name: 'Issuer', authority: openId.issuer },
      { ...common, name: 'Adfs', authority: `${common.armEndpoint}/adfs` },
    ],
  };
  const items = new Map<string, string>();
  const real = { ...createOs({ dataDirectory: folder, command: [] }), keychain: mapKeychain(items) };
  const os = { ...real, ...change(real) };
  const person = new Person(openId.ca);
  const as = (name: string) => (ask: Ask) =>
    ask.step === 'browser' ? person.signIn(ask.url, name) : person.typeCode(ask.url, ask.code, name);
  const wanted = { kind: 'azure', way: 'browser', cloud: 'Stack', clientId } as const;
  const kind = azureAccounts(os);
  const opened: OpenAccount[] = [];
  onTestFinished(() => {
    for (const { cloud } of opened) cloud.dispose();
  });
  const keep = (open: OpenAccount) => {
    opened.push(open);
    return open;
  };
  return {
    openId,
    practice,
    person,
    kind,
    os,
    items,
    settings: own,
    wanted,
    as,
    async add(change = {}, act = as('admin'), signal = new AbortController().signal) {
      const failed = Promise.withResolvers<never>();
      const ask = (step: Ask) => void Promise.resolve(act(step)).catch(failed.reject);
      const added = kind.add(
        { ...wanted, ...change },
        { settings: own, signal, ask, question: nobodyAnswers },
      );
      const result = await Promise.race([added, failed.promise]);
      keep(result.open);
      return result;
    },
    reopen: async kept => keep(await azureAccounts(os).open(kept, own)),
  };
}
