/** The person's settings: one row per setting, what is missing or unreadable is its default. */
import { type Settings, settings as shape } from '../../shared/contract/accounts.ts';
import { azureCloudNames } from '../../shared/domain/azureClouds.ts';
import { canonicalCidr, isAnyCidr } from '../../shared/domain/cidr.ts';
import { LatchkeyError } from '../../shared/errors.ts';
import type { Database, Os } from '../os/ports.ts';
import type { SettingsStore } from './services.ts';

export const defaultSettings: Settings = {
  theme: 'system',
  density: 'normal',
  organisationRanges: [],
  observers: [],
  warnBeforeMs: 300_000,
  jit: {},
  azureClouds: [],
  azureChinaAuthority: 'https://login.chinacloudapi.cn',
};

/** Reads all settings once; from then on they are in memory. */
export function createSettings(deps: { db: Database; os: Pick<Os, 'log'> }): SettingsStore {
  const { db, os } = deps;
  const read = (): Settings => {
    const known: Record<string, unknown> = { ...defaultSettings };
    for (const row of db.all('SELECT key, value FROM setting')) {
      const key = String(row.key);
      if (!isSetting(key)) continue;
      const value = shape.shape[key].safeParse(parseJson(String(row.value)));
      if (value.success) known[key] = value.data;
      else os.log.warn({ key }, 'a setting can’t be read; its default is used');
    }
    return shape.parse(known);
  };
  let current = read();
  return {
    get: () => current,
    set(change) {
      const checked = check(change);
      if (checked.jit !== undefined) checked.jit = merged(current.jit, checked.jit);
      db.transaction(() => {
        for (const [key, value] of Object.entries(checked)) {
          db.run('INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)', key, JSON.stringify(value));
        }
      });
      current = read();
      return current;
    },
  };
}

/** The subscriptions that are named change, the others stay; `auto` is what stands nowhere. */
function merged(before: Settings['jit'], change: Settings['jit']): Settings['jit'] {
  const named = Object.entries(change).map(([id, way]) => [id.toLowerCase(), way] as const);
  return Object.fromEntries(
    Object.entries({ ...before, ...Object.fromEntries(named) }).filter(([, way]) => way !== 'auto'),
  );
}

/** Throws BAD_CIDR and BAD_INPUT. Ranges come out canonical. */
function check(change: Parameters<SettingsStore['set']>[0]): typeof change {
  const checked = shape.partial().parse(change);
  for (const observer of checked.observers ?? []) {
    if (URL.parse(observer)?.protocol !== 'https:')
      throw bad(`“${observer.slice(0, 80)}” is not an HTTPS address.`);
  }
  // By host, as they are counted: two addresses of one owner are one witness.
  if (new Set(checked.observers?.map(observer => new URL(observer).host)).size === 1)
    throw bad('One observer alone can’t be checked: name two or more (on hosts of their own), or none.');
  const names = checked.azureClouds?.map(({ name }) => name.toLowerCase()) ?? [];
  const own = names.find(name => azureCloudNames.some(known => known.toLowerCase() === name));
  if (own !== undefined) throw bad(`“${own}” is a cloud that Latchkey knows: give yours another name.`);
  if (new Set(names).size < names.length) throw bad('Two clouds have the same name.');
  const { organisationRanges } = checked;
  if (organisationRanges?.some(isAnyCidr)) throw bad('An organisation’s range can’t be every address.');
  return {
    ...checked,
    ...(organisationRanges === undefined
      ? {}
      : { organisationRanges: organisationRanges.map(canonicalCidr) }),
  };
}

function bad(message: string): LatchkeyError {
  return new LatchkeyError({ code: 'BAD_INPUT', message });
}

function isSetting(key: string): key is keyof Settings {
  return Object.hasOwn(shape.shape, key);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
