/** One VM's plan: each step by name; what is not ours is marked, with what it was before. */
import type { Plan, PlanStep } from '../../shared/contract/policies.ts';
import { Icon } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { Text, useText } from '../i18n/text.tsx';
import css from './PlanView.module.css';

function Step({ step }: { step: PlanStep }) {
  const text = useText();
  return (
    <li className={css.step} data-foreign={step.foreign || undefined}>
      <span className={css.action}>{text(`plan.action.${step.action}`)}</span>
      <div>
        <b>
          <Name>{step.target}</Name>
        </b>{' '}
        {step.foreign && (
          <span className={css.foreign}>
            <Icon name="warn" size={12} />
            {text('plan.foreign')}
          </span>
        )}
        <p>
          <Name>{step.what}</Name>
        </p>
        {step.before !== undefined && (
          <p className={css.change}>
            <Text
              id={step.after === undefined ? 'plan.before' : 'plan.beforeAfter'}
              values={{ before: <Name>{step.before}</Name>, after: <Name>{step.after ?? ''}</Name> }}
            />
          </p>
        )}
      </div>
    </li>
  );
}

export function PlanView({ plan, named }: { plan: Plan; named: boolean }) {
  const text = useText();
  return (
    <div className={css.plan}>
      {named && (
        <h4>
          <Name>{plan.vmName}</Name>
        </h4>
      )}
      {plan.alsoAffects.length > 0 && (
        <p className={css.others}>
          <Icon name="warn" />
          <span>
            <Text
              id="plan.alsoAffects"
              values={{
                count: String(plan.alsoAffects.length),
                names: <Name>{plan.alsoAffects.join(', ')}</Name>,
              }}
            />
          </span>
        </p>
      )}
      {plan.steps.length === 0 ? (
        <p className={css.quiet}>{text('plan.nothing')}</p>
      ) : (
        <ol>
          {plan.steps.map(step => (
            <Step key={`${step.action} ${step.target} ${step.what}`} step={step} />
          ))}
        </ol>
      )}
      {plan.warnings.map(warning => (
        <p key={warning} className={css.others}>
          <Icon name="warn" />
          <Name>{warning}</Name>
        </p>
      ))}
    </div>
  );
}
