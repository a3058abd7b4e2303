/** An AWS account as it is being filled in. */
import type { AwsWay, NewAccount } from '../../shared/contract/accounts.ts';

export interface AwsDraft {
  way: AwsWay;
  profile: string;
  startUrl: string;
  ssoRegion: string;
  /** Separated by commas; empty: all. */
  regions: string;
  endpoint: string;
  caFile: string;
}

export const emptyAwsDraft: AwsDraft = {
  way: 'profile',
  profile: 'default',
  startUrl: '',
  ssoRegion: '',
  regions: '',
  endpoint: '',
  caFile: '',
};

/** What the broker is asked for; what is wrong with it the broker says. */
export function toNewAws(draft: AwsDraft): Extract<NewAccount, { kind: 'aws' }> {
  const { way, profile } = draft;
  const [regions, endpoint, caFile] = [draft.regions.trim(), draft.endpoint.trim(), draft.caFile.trim()];
  return {
    kind: 'aws',
    way,
    regions: regions === '' ? 'all' : regions.split(/[\s,]+/),
    ...(way === 'profile' ? { profile } : {}),
    ...(way === 'sso' ? { sso: { startUrl: draft.startUrl.trim(), region: draft.ssoRegion.trim() } } : {}),
    ...(endpoint === '' ? {} : { endpoints: { all: endpoint } }),
    ...(caFile === '' ? {} : { caFile }),
  };
}
