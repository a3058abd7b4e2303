/** Connecting, stage by stage: what is happening, since when, what is usual; then the result or what to do. */
import { useIntl } from 'react-intl';
import type { VmRow } from '../../shared/contract/vms.ts';
import { Button, IconButton } from '../components/Button.tsx';
import { CopyBox } from '../components/CopyBox.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Icon, type IconName } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { type MessageId, Text, useText } from '../i18n/text.tsx';
import { duration } from '../i18n/time.ts';
import { useNow } from '../state/clock.ts';
import {
  byHand,
  type ConnectRun,
  dismissConnect,
  isUnderWay,
  type Stage,
  startConnect,
} from '../state/connectRuns.ts';
import { requestFor } from '../vms/actions.ts';
import css from './ConnectCard.module.css';

const icons: Record<Stage['state'], IconName> = {
  waiting: 'circle',
  begun: 'clock',
  done: 'check',
  failed: 'close',
};

function Took({ stage }: { stage: Stage }) {
  const intl = useIntl();
  const text = useText();
  const now = useNow();
  if (stage.state === 'begun' && stage.at !== undefined) {
    const since = text('stage.since', { time: duration(intl, Math.max(0, now - Date.parse(stage.at))) });
    return <>{stage.usual === undefined ? since : text('stage.usual', { since, usual: stage.usual })}</>;
  }
  return stage.ms === undefined ? null : <>{duration(intl, stage.ms)}</>;
}

function StageLine({ stage }: { stage: Stage }) {
  const text = useText();
  return (
    <li className={css.stage} data-state={stage.state}>
      <span className={css.dot}>
        <Icon name={icons[stage.state]} size={12} />
      </span>
      <div>
        <span className={css.word}>
          {text(`stage.${stage.stage}`)}
          <span className={css.hidden}>{text(`stage.state.${stage.state}`)}</span>
        </span>
        {stage.text !== undefined && (
          <p>
            <Name>{stage.text}</Name>
          </p>
        )}
      </div>
      <span className={css.took}>{stage.state !== 'waiting' && <Took stage={stage} />}</span>
    </li>
  );
}

/** A program and its arguments as one would type them: only for reading and copying, nothing runs it. */
function commandLine(argv: readonly string[]): string {
  return argv
    .map(part => (/^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`))
    .join(' ');
}

function Result({ run }: { run: ConnectRun }) {
  const text = useText();
  if (run.ready === undefined) return null;
  const { launch, endpoint, banner } = run.ready;
  return (
    <div className={css.result}>
      <p>
        <Text
          id="connect.started"
          values={{ endpoint: <Name>{`${endpoint.host}:${endpoint.hostPort}`}</Name> }}
        />
        {banner !== undefined && (
          <>
            {' '}
            <Text id="connect.banner" values={{ banner: <Name>{banner}</Name> }} />
          </>
        )}
      </p>
      {launch?.file !== undefined && <CopyBox text={launch.file} label={text('connect.copyFile')} />}
    </div>
  );
}

function titleOf(run: ConnectRun): MessageId {
  if (isUnderWay(run)) return 'connect.title';
  if (byHand(run) !== undefined) return 'connect.byHand';
  return run.error === undefined ? 'connect.done' : 'connect.failed';
}

export function ConnectCard({ row, run }: { row: VmRow; run: ConnectRun }) {
  const text = useText();
  const title = titleOf(run);
  const command = byHand(run);
  return (
    <section className={css.card}>
      <header>
        <h3 aria-live="polite">{text(title)}</h3>
        <IconButton icon="close" label={text('connect.dismiss')} onClick={() => dismissConnect(row.id)} />
      </header>
      <ol>
        {run.stages.map(stage => (
          <StageLine key={stage.stage} stage={stage} />
        ))}
      </ol>
      <Result run={run} />
      {command !== undefined && <CopyBox text={commandLine(command)} label={text('connect.copy')} />}
      {run.error !== undefined && command === undefined && (
        <ErrorNote error={run.error}>
          <Button small onClick={() => void startConnect(run.input)}>
            {text('retry')}
          </Button>
          <Button small look="quiet" onClick={() => requestFor([row])}>
            {text('connect.change')}
          </Button>
        </ErrorNote>
      )}
    </section>
  );
}
