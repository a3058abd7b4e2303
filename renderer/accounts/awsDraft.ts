/** AWS accounts as they are being filled in. */
import type { AwsWay, NewAccount } from '../../shared/contract/accounts.ts';

export interface AwsDraft {
  way: AwsWay;
  /** Each becomes an account. */
  profiles: string[];
  startUrl: string;
  ssoRegion: string;
  /** Separated by commas; empty: all. */
  regions: string;
  endpoint: string;
  caFile: string;
}

export const emptyAwsDraft: AwsDraft = {
  way: 'profile',
  profiles: [],
  startUrl: '',
  ssoRegion: '',
  regions: '',
  endpoint: '',
  caFile: '',
};

type NewAws = Extract<NewAccount, { kind: 'aws' }>;

/** What the broker is asked for, account by account; what is wrong with it the broker says. */
export function toNewAws(draft: AwsDraft): NewAws[] {
  const { way } = draft;
  const [regions, endpoint, caFile] = [draft.regions.trim(), draft.endpoint.trim(), draft.caFile.trim()];
  const one: NewAws = {
    kind: 'aws',
    way,
    regions: regions === '' ? 'all' : regions.split(/[\s,]+/),
    ...(way === 'sso' ? { sso: { startUrl: draft.startUrl.trim(), region: draft.ssoRegion.trim() } } : {}),
    ...(endpoint === '' ? {} : { endpoints: { all: endpoint } }),
    ...(caFile === '' ? {} : { caFile }),
  };
  return way === 'profile' ? draft.profiles.map(profile => ({ ...one, profile })) : [one];
}

/** Another role of the same portal, as `<account>/<role>`. */
export function withRole(draft: AwsDraft, id: string): NewAws[] {
  const [account = '', ...role] = id.split('/');
  return toNewAws(draft).map(one =>
    one.sso ? { ...one, sso: { ...one.sso, account, role: role.join('/') } } : one,
  );
}
