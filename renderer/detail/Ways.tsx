/** How you get to a port: every station on the packet's way, and the rule that decides there. */
import { useState } from 'react';
import type { Grant } from '../../shared/contract/grants.ts';
import type { Hop, VmDetail, VmRow } from '../../shared/contract/vms.ts';
import { Choice } from '../components/Chip.tsx';
import { Icon, type IconName } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { Section } from '../components/Section.tsx';
import { When } from '../components/When.tsx';
import { Text, useText } from '../i18n/text.tsx';
import { useGrants } from '../state/grants.ts';
import css from './Ways.module.css';

const icons: Record<Hop['kind'], IconName> = {
  you: 'person',
  firewall: 'wall',
  'load-balancer': 'cloud',
  'admin-rules': 'group',
  'subnet-nsg': 'shield',
  'nic-nsg': 'shield',
  'network-acl': 'shield',
  'security-groups': 'group',
  vm: 'vm',
};

/** The VM's live grant, if it is what decides at this station. */
function decidingGrant(hop: Hop, grant: Grant | undefined): Grant | undefined {
  const { rule } = hop;
  if (rule === undefined || hop.lets !== 'yes') return undefined;
  return grant?.rules.some(({ names }) => names.some(name => rule.endsWith(name))) ? grant : undefined;
}

/** What a station does with the packet, in a few words. */
function Verdict({ hop, grant }: { hop: Hop; grant: Grant | undefined }) {
  const text = useText();
  const decides = decidingGrant(hop, grant);
  if (decides !== undefined) {
    return <Text id="lets.until" values={{ time: <When at={decides.endsAt} as="clock" /> }} />;
  }
  const gate =
    hop.kind !== 'you' && hop.kind !== 'vm' && hop.kind !== 'load-balancer' && hop.final !== 'unasked';
  return (
    <>
      {gate && text(`lets.${hop.lets}`)}
      {gate && hop.note !== undefined && ' · '}
      {hop.note !== undefined && <Name>{hop.note}</Name>}
    </>
  );
}

function Station({ hop, grant, passed }: { hop: Hop; grant: Grant | undefined; passed: boolean }) {
  const icon = hop.lets === 'no' && hop.kind !== 'vm' ? 'blocked' : icons[hop.kind];
  return (
    <li className={css.hop} data-lets={hop.lets} data-kind={hop.kind} data-passed={passed || undefined}>
      <span className={css.dot}>
        <Icon name={icon} />
      </span>
      <div className={css.words}>
        <b>
          <Text id={`hop.${hop.kind}`} values={{ name: <Name>{hop.title}</Name> }} />
        </b>
        <span className={css.lets}>
          <Verdict hop={hop} grant={grant} />
        </span>
        {hop.rule !== undefined && (
          <code>
            <Name>{hop.rule}</Name>
          </code>
        )}
      </div>
    </li>
  );
}

export function Ways({
  row,
  detail,
  looking,
}: {
  row: VmRow;
  detail: VmDetail | undefined;
  looking: boolean;
}) {
  const text = useText();
  const grant = useGrants(state => state.shown.get(row.id));
  const [chosen, setChosen] = useState<string>();
  const ways = detail?.ways ?? [];
  const usual = row.os === 'windows' ? 3389 : 22;
  const way =
    ways.find(({ port }) => String(port) === chosen) ?? ways.find(({ port }) => port === usual) ?? ways[0];
  if (way === undefined) {
    return looking ? <p className={css.looking}>{text('detail.looking')}</p> : null;
  }
  const stop = way.hops.findIndex(({ lets }) => lets === 'no');
  return (
    <Section
      title={text(way.reach === 'yes' ? 'way.yes' : way.reach === 'no' ? 'way.no' : 'way.unknown', {
        port: String(way.port),
      })}
      aside={looking && <span className={css.looking}>{text('detail.lookingAgain')}</span>}
    >
      {ways.length > 1 && (
        <div className={css.ports}>
          <Choice
            label={text('way.ports')}
            value={String(way.port)}
            options={ways.map(({ port }) => ({ value: String(port), label: String(port) }))}
            onChange={setChosen}
          />
        </div>
      )}
      <ol className={css.way}>
        {way.hops.map((hop, at) => (
          <Station key={`${hop.kind} ${hop.title}`} hop={hop} grant={grant} passed={stop < 0 || at < stop} />
        ))}
      </ol>
    </Section>
  );
}
