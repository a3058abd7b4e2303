/** One VM: its state, the actions, how a packet gets to it, its policy, its grant. */
import type { VmDetail, VmRow } from '../../shared/contract/vms.ts';
import { AccessBadge } from '../components/Badge.tsx';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Name } from '../components/Name.tsx';
import { Section } from '../components/Section.tsx';
import { When } from '../components/When.tsx';
import { useText } from '../i18n/text.tsx';
import { useConnectRuns } from '../state/connectRuns.ts';
import { useGrants } from '../state/grants.ts';
import { openDialog } from '../state/view.ts';
import { connectTo, lockThese, requestFor } from '../vms/actions.ts';
import { Check } from './Check.tsx';
import { ConnectCard } from './ConnectCard.tsx';
import { ConnectionSettingsForm } from './ConnectionSettingsForm.tsx';
import css from './Details.module.css';
import { GrantFacts } from './GrantFacts.tsx';
import { PolicyFacts } from './PolicyFacts.tsx';
import { useDetail } from './useDetail.ts';
import { Ways } from './Ways.tsx';

function Facts({ row }: { row: VmRow }) {
  const text = useText();
  const parts = [row.image ?? text(`os.${row.os}`), row.size, row.location].filter(
    part => part !== undefined,
  );
  return (
    <p className={css.facts}>
      <Name>{parts.join(' · ')}</Name>
      {` · ${text(`power.${row.power}`)}`}
    </p>
  );
}

function Actions({ row }: { row: VmRow }) {
  const text = useText();
  const windows = row.os === 'windows';
  const main = windows ? 'rdp' : 'ssh';
  const other = windows ? 'ssh' : 'rdp';
  switch (row.tab) {
    case 'configured':
      return (
        <div className={css.actions}>
          <Button
            look="primary"
            className={css.main}
            icon={windows ? 'screen' : 'terminal'}
            onClick={() => connectTo(row, main)}
          >
            {text(`action.${main}`)}
          </Button>
          <Button onClick={() => requestFor([row])}>{text('action.request')}</Button>
          <div className={css.more}>
            {row.os === 'unknown' && (
              <Button small look="quiet" onClick={() => connectTo(row, other)}>
                {text(`action.${other}`)}
              </Button>
            )}
            <Button small look="quiet" icon="pen" onClick={() => lockThese([row])}>
              {text('action.editPolicy')}
            </Button>
            <Button
              small
              look="quiet"
              icon="unlock"
              onClick={() => openDialog({ kind: 'unlock', vms: [row.id] })}
            >
              {text('action.unlock')}
            </Button>
          </div>
        </div>
      );
    case 'not-configured':
      return (
        <div className={css.actions}>
          <Button look="primary" className={css.main} icon="lock" onClick={() => lockThese([row])}>
            {text('action.lock')}
          </Button>
        </div>
      );
    case 'unsupported':
      return null;
  }
}

function exposedWords(row: VmRow, detail: VmDetail | undefined) {
  if (beyondLocks(row, detail)) return 'detail.exposedForGood' as const;
  return row.tab === 'configured' ? ('detail.exposedAllTheSame' as const) : ('detail.exposed' as const);
}

/** Does an admin rule let somebody in to an exposed port whatever a lock says? */
function beyondLocks(row: VmRow, detail: VmDetail | undefined): boolean {
  const exposed = detail?.ways.filter(({ port }) => row.exposedPorts.includes(port)) ?? [];
  return exposed.some(({ hops }) => hops.some(({ final }) => final === 'ends'));
}

export function VmDetails({ row }: { row: VmRow }) {
  const text = useText();
  const { detail, error, looking } = useDetail(row);
  const grant = useGrants(state => state.shown.get(row.id));
  const run = useConnectRuns(state => state.runs.get(row.id));
  return (
    <>
      <header>
        <h2 className={css.title}>
          <span className={css.name}>
            <Name>{row.name}</Name>
          </span>
          <AccessBadge access={row.access} grant={grant} />
        </h2>
        <Facts row={row} />
      </header>
      {row.reason !== undefined && (
        <p className={css.reason}>
          <Name>{row.reason}</Name>
        </p>
      )}
      {row.tab !== 'unsupported' && row.exposedPorts.length > 0 && (
        <p className={css.exposed}>
          {text(exposedWords(row, detail), {
            ports: row.exposedPorts.join(', '),
          })}
        </p>
      )}
      {row.changed !== undefined && (
        <p className={css.exposed}>
          <Name>{row.changed.text}</Name> <When at={row.changed.at} />
        </p>
      )}
      <Actions row={row} />
      {run !== undefined && <ConnectCard row={row} run={run} />}
      {error !== undefined && <ErrorNote error={error} />}
      {row.tab !== 'unsupported' && <Ways row={row} detail={detail} looking={looking} />}
      {detail?.policyError !== undefined && <ErrorNote error={detail.policyError} />}
      {detail?.policy !== undefined && <PolicyFacts policy={detail.policy} defender={detail.defender} />}
      {grant !== undefined && <GrantFacts grant={grant} />}
      <Check key={row.id} vm={row.id} name={row.name} />
      {row.tab === 'configured' && (
        <Section title={text('settings.connection')}>
          <ConnectionSettingsForm vm={row.id} canPushKey={row.cloud === 'aws' && row.os === 'linux'} />
        </Section>
      )}
    </>
  );
}
