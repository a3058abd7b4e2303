/** Locking, editing a policy, unlocking: the plan first, every step named; then, confirmed, exactly that plan. */
import { useState } from 'react';
import type { Plan, PolicyPort } from '../../shared/contract/policies.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Name } from '../components/Name.tsx';
import { Section } from '../components/Section.tsx';
import { Window, WindowBody, WindowFoot } from '../components/Window.tsx';
import { Text, useText } from '../i18n/text.tsx';
import { usePolicies } from '../request/useRequest.ts';
import { broker } from '../state/broker.ts';
import { errorOf } from '../state/errors.ts';
import { say } from '../state/toasts.ts';
import { closeDialog } from '../state/view.ts';
import { useVms } from '../state/vms.ts';
import { PlanView } from './PlanView.tsx';
import { PolicyEditor } from './PolicyEditor.tsx';
import { draftPorts, portsOf, usualPorts } from './ports.ts';
import { usePlans } from './usePlans.ts';

interface Parts {
  kind: 'lock' | 'unlock';
  vms: string[];
}

export function LockDialog({ kind, vms }: Parts) {
  const text = useText();
  const { policies, error } = usePolicies(vms);
  const only = useVms(state => (vms.length === 1 ? state.byId.get(vms[0] ?? '') : undefined));
  const edits = kind === 'lock' && (policies?.length ?? 0) > 0;
  const id = edits ? 'lock.edit' : kind;
  const title =
    only === undefined ? (
      text(`${id}.titleMany`, { count: vms.length })
    ) : (
      <Text id={`${id}.title`} values={{ name: <Name>{only.name}</Name> }} />
    );
  return (
    <Window title={title} about={text(`${id}.about`)} wide>
      {error !== undefined ? (
        <WindowBody>
          <ErrorNote error={error} />
        </WindowBody>
      ) : policies === undefined ? (
        <WindowBody>
          <output>{text('request.reading')}</output>
        </WindowBody>
      ) : (
        <LockForm kind={kind} vms={vms} ports={policies[0]?.ports ?? [...usualPorts]} />
      )}
    </Window>
  );
}

function LockForm({ kind, vms, ports: first }: Parts & { ports: PolicyPort[] }) {
  const text = useText();
  const [drafts, setDrafts] = useState(() => draftPorts(first));
  const [doing, setDoing] = useState(false);
  const [failed, setFailed] = useState<ErrorData>();
  const ports = kind === 'lock' ? portsOf(drafts) : [];
  const { plans, error, looking, lookAgain } = usePlans(kind, vms, ports);
  const foreign = (plans ?? []).some(({ steps }) => steps.some(step => step.foreign));

  const confirm = async (shown: Plan[]): Promise<void> => {
    setDoing(true);
    setFailed(undefined);
    const fingerprints = shown.map(({ fingerprint }) => fingerprint);
    try {
      if (kind === 'lock') await broker().policies.lock({ vms, ports, fingerprints });
      else await broker().policies.unlock({ vms, fingerprints });
      say(text(`${kind}.done`, { count: vms.length }));
      closeDialog();
    } catch (thrown) {
      setFailed(errorOf(thrown));
      setDoing(false);
    }
  };
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        if (plans !== undefined && !looking && !doing) void confirm(plans);
      }}
    >
      <WindowBody>
        {kind === 'lock' && <PolicyEditor drafts={drafts} onChange={setDrafts} />}
        <Section title={text('plan.title')}>
          {ports === undefined && <p>{text('plan.unreadable')}</p>}
          {error !== undefined && <ErrorNote error={error} />}
          {plans === undefined && error === undefined && ports !== undefined && (
            <output>{text('plan.reading')}</output>
          )}
          {plans?.map(plan => (
            <PlanView key={plan.vm} plan={plan} named={plans.length > 1} />
          ))}
        </Section>
        {failed !== undefined && (
          <ErrorNote error={failed}>
            {failed.code === 'PLAN_CHANGED' && (
              <Button
                small
                onClick={() => {
                  setFailed(undefined);
                  lookAgain();
                }}
              >
                {text('plan.again')}
              </Button>
            )}
          </ErrorNote>
        )}
      </WindowBody>
      <WindowFoot note={doing ? text(`${kind}.doing`) : foreign && text(`${kind}.foreign`)}>
        <Button onClick={closeDialog}>{text('cancel')}</Button>
        <Button
          type="submit"
          look={kind === 'unlock' ? 'danger' : 'primary'}
          icon={kind}
          disabled={
            plans === undefined || looking || doing || ports === undefined || failed?.code === 'PLAN_CHANGED'
          }
        >
          {text(`${kind}.confirm`, { count: vms.length })}
        </Button>
      </WindowFoot>
    </form>
  );
}
