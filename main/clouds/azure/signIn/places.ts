/** The Azure clouds: where each is managed, who signs people in there, and what tokens are for. */
import type { CustomCloud, Settings } from '../../../../shared/contract/accounts.ts';
import { type AzureCloudName, azureCloudNames } from '../../../../shared/domain/azureClouds.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';

export interface Place {
  name: string;
  armEndpoint: string;
  /** Origin of Entra, or the full address of another OpenID issuer or ADFS. */
  authority: string;
  /** What tokens are for, where that is not the ARM endpoint. */
  audience?: string | undefined;
  caFile?: string | undefined;
}

/** Reference section 4. China's authority is a setting: two are documented. */
const known: Record<AzureCloudName, (settings: Settings) => Omit<Place, 'name'>> = {
  AzureCloud: () => ({
    armEndpoint: 'https://management.azure.com',
    authority: 'https://login.microsoftonline.com',
  }),
  AzureUSGovernment: () => ({
    armEndpoint: 'https://management.usgovcloudapi.net',
    authority: 'https://login.microsoftonline.us',
  }),
  AzureChinaCloud: settings => ({
    armEndpoint: 'https://management.chinacloudapi.cn',
    authority: settings.azureChinaAuthority,
  }),
};

/** The cloud of this name, in any case; the settings' own ones are clouds as well. Throws BAD_INPUT. */
export function placeOf(name: string, settings: Settings): Place {
  const same = (one: string) => one.toLowerCase() === name.toLowerCase();
  const ours = azureCloudNames.find(same);
  if (ours !== undefined) return { name: ours, ...known[ours](settings) };
  const custom: CustomCloud | undefined = settings.azureClouds.find(one => same(one.name));
  if (custom) return custom;
  const names = [...azureCloudNames, ...settings.azureClouds.map(one => one.name)];
  throw new LatchkeyError({
    code: 'BAD_INPUT',
    message: `There is no Azure cloud “${name}”.`,
    fix: `There are ${names.join(', ')}; others can be added to the setting azureClouds.`,
  });
}

/** An authority with a path is an issuer of its own: no tenant is put behind it. */
export function isIssuer({ authority }: Place): boolean {
  return new URL(authority).pathname !== '/';
}

/** The authority for a tenant; without one, for people of any organisation. */
export function authorityOf(place: Place, tenant: string | undefined): string {
  if (isIssuer(place)) return place.authority;
  return `${new URL(place.authority).origin}/${encodeURIComponent(tenant ?? 'organizations')}`;
}

/** The OAuth scope of a token for ARM: everything that the application may do there. */
export function scopeOf({ armEndpoint, audience }: Place): string {
  return `${audience ?? armEndpoint.replace(/\/+$/, '')}/.default`;
}
