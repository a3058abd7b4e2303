/** A state as shape, word and colour together. */
import type { ReactNode } from 'react';
import type { Grant, GrantState } from '../../shared/contract/grants.ts';
import type { Access } from '../../shared/contract/vms.ts';
import { type MessageId, Text } from '../i18n/text.tsx';
import css from './Badge.module.css';
import { Countdown } from './Countdown.tsx';
import { Icon, type IconName } from './icons.tsx';

type Tone = 'open' | 'shut' | 'alarm' | 'off' | 'busy';

export function Badge({ tone, icon, children }: { tone: Tone; icon: IconName; children: ReactNode }) {
  return (
    <span className={`${css.badge} ${css[tone]}`}>
      <Icon name={icon} />
      {children}
    </span>
  );
}

const accessLook: Record<Access, [Tone, IconName]> = {
  open: ['open', 'door'],
  shut: ['shut', 'lock'],
  exposed: ['alarm', 'warn'],
  stopped: ['off', 'circle'],
  unknown: ['off', 'unknown'],
};

const grantLook: Record<GrantState, [Tone, IconName]> = {
  requested: ['busy', 'clock'],
  opening: ['busy', 'clock'],
  open: ['open', 'door'],
  extending: ['open', 'door'],
  closing: ['busy', 'doorShut'],
  closed: ['shut', 'lock'],
  failed: ['alarm', 'close'],
  stuck: ['alarm', 'stop'],
};

/** Where a grant stands, with its countdown while it is open. */
export function GrantBadge({ grant }: { grant: Grant }) {
  const [tone, icon] = grantLook[grant.state];
  const counts = grant.state === 'open' || grant.state === 'extending';
  return (
    <Badge tone={tone} icon={icon}>
      <Text id={`grant.state.${grant.state}` satisfies MessageId} />
      {counts && <Countdown endsAt={grant.endsAt} account={grant.account} />}
    </Badge>
  );
}

/** The access column of a VM: its live grant if there is one, else what the cloud lets through. */
export function AccessBadge({ access, grant }: { access: Access; grant: Grant | undefined }) {
  if (grant !== undefined) return <GrantBadge grant={grant} />;
  const [tone, icon] = accessLook[access];
  return (
    <Badge tone={tone} icon={icon}>
      <Text id={`access.${access}` satisfies MessageId} />
    </Badge>
  );
}
