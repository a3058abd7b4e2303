/** Asking for access: ports, from where, how long, why; with what it would write, live. Enter opens. */
import { type FormEvent, useMemo, useState } from 'react';
import type { PolicyPort } from '../../shared/contract/policies.ts';
import type { VmRow } from '../../shared/contract/vms.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Field } from '../components/Field.tsx';
import { Name } from '../components/Name.tsx';
import { Section } from '../components/Section.tsx';
import { useFirstFocus } from '../components/useFirstFocus.ts';
import { Window, WindowBody, WindowFoot } from '../components/Window.tsx';
import { Text, useText } from '../i18n/text.tsx';
import { say } from '../state/toasts.ts';
import { closeDialog } from '../state/view.ts';
import { useVms } from '../state/vms.ts';
import {
  commonPorts,
  fieldOf,
  firstDraft,
  longestMs,
  type RequestDraft,
  type RequestField,
  requestOf,
} from './draft.ts';
import { PortChoice } from './PortChoice.tsx';
import { PreviewList } from './PreviewList.tsx';
import { Results, type Sent } from './Results.tsx';
import { SourceChoice } from './SourceChoice.tsx';
import { TimeChoice } from './TimeChoice.tsx';
import { type Failure, sendRequest, usePolicies, usePreview } from './useRequest.ts';

export function RequestDialog({ vms }: { vms: string[] }) {
  const text = useText();
  const byId = useVms(state => state.byId);
  // The dialog is about the VMs it was opened for, whatever the list does meanwhile.
  const [rows] = useState(() => vms.map(vm => byId.get(vm)).filter(row => row !== undefined));
  const { policies, error } = usePolicies(vms);
  const ports = useMemo(() => (policies === undefined ? undefined : commonPorts(policies)), [policies]);
  const [only] = rows;
  const title =
    rows.length === 1 && only !== undefined ? (
      <Text id="request.title" values={{ name: <Name>{only.name}</Name> }} />
    ) : (
      text('request.titleMany', { count: rows.length })
    );
  return (
    <Window title={title} about={text('request.about')}>
      {ports !== undefined ? (
        <RequestForm rows={rows} ports={ports} />
      ) : (
        <WindowBody>
          {error === undefined ? <output>{text('request.reading')}</output> : <ErrorNote error={error} />}
        </WindowBody>
      )}
    </Window>
  );
}

function RequestForm({ rows, ports }: { rows: VmRow[]; ports: PolicyPort[] }) {
  const text = useText();
  const first = useFirstFocus<HTMLInputElement>();
  const [draft, setDraft] = useState(() => firstDraft(rows, ports));
  const [sent, setSent] = useState<Sent>();
  const [left, setLeft] = useState(() => rows.map(({ id }) => id));
  const request = requestOf(left, draft);
  const asks = request.sources?.length !== 0 && request.ports?.length !== 0 && left.length > 0;
  const preview = usePreview(asks ? request : undefined);
  const several = rows.length > 1;
  const maxMs = longestMs(ports, draft.ports);

  const change = (part: Partial<RequestDraft>): void => {
    setSent(undefined);
    setDraft(now => {
      const next = { ...now, ...part };
      return { ...next, forMs: Math.min(next.forMs, longestMs(ports, next.ports)) };
    });
  };
  const failures: Failure[] = sent?.failures ?? preview?.failures ?? [];
  // With one VM an error stands at its field; with several, each VM has its own line.
  const errorAt = (field: RequestField) =>
    several ? undefined : failures.find(({ error }) => fieldOf(error) === field)?.error;

  const open = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (sent?.state === 'sending' || !asks) return;
    setSent({ state: 'sending', since: Date.now(), grants: [], failures: [] });
    const answer = await sendRequest(request);
    setSent({ state: 'answered', since: Date.now(), ...answer });
    if (answer.failures.length > 0) return setLeft(answer.failures.map(({ vm }) => vm));
    for (const grant of answer.grants) say(text('request.opened', { name: showName(grant.vmName) }));
    closeDialog();
  };

  return (
    <form onSubmit={event => void open(event)}>
      <WindowBody>
        <PortChoice
          ports={ports}
          several={several}
          chosen={draft.ports}
          onChange={chosen => change({ ports: chosen })}
          error={errorAt('ports')}
        />
        <SourceChoice draft={draft} onChange={change} error={errorAt('source')} />
        <TimeChoice
          value={draft.forMs}
          maxMs={maxMs}
          onChange={forMs => change({ forMs })}
          error={errorAt('time')}
        />
        <Field
          label={text('request.reason')}
          placeholder={text('request.reason.example')}
          maxLength={500}
          ref={first}
          value={draft.reason}
          onChange={event => change({ reason: event.target.value })}
        />
        {errorAt('whole') !== undefined && failures[0] !== undefined && (
          <ErrorNote error={failures[0].error} />
        )}
        {sent === undefined || !several ? (
          <Section title={text('request.preview')}>
            <PreviewList preview={asks ? preview : undefined} rows={rows} showFailures={several} />
          </Section>
        ) : (
          <Section title={text('request.results')}>
            <Results rows={rows} sent={sent} />
          </Section>
        )}
      </WindowBody>
      <WindowFoot note={sent?.state === 'sending' && text('request.opening')}>
        <Button onClick={closeDialog}>{text('cancel')}</Button>
        <Button look="primary" type="submit" icon="door" disabled={!asks || sent?.state === 'sending'}>
          {several ? text('request.openMany', { count: left.length }) : text('request.open')}
        </Button>
      </WindowFoot>
    </form>
  );
}
