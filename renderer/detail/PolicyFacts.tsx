/** A VM's policy, port by port. */
import { useIntl } from 'react-intl';
import type { Policy } from '../../shared/contract/policies.ts';
import type { VmDetail } from '../../shared/contract/vms.ts';
import { Name } from '../components/Name.tsx';
import { Section } from '../components/Section.tsx';
import { Text, useText } from '../i18n/text.tsx';
import { duration } from '../i18n/time.ts';
import css from './PolicyFacts.module.css';

export function PolicyFacts({ policy, defender }: { policy: Policy; defender: VmDetail['defender'] }) {
  const intl = useIntl();
  const text = useText();
  return (
    <Section title={text('policy')}>
      <table className={css.policy}>
        <thead>
          <tr>
            <th scope="col">{text('policy.port')}</th>
            <th scope="col">{text('policy.protocol')}</th>
            <th scope="col">{text('policy.sources')}</th>
            <th scope="col">{text('policy.max')}</th>
          </tr>
        </thead>
        <tbody>
          {policy.ports.map(({ port, protocol, sources, maxMs }) => (
            <tr key={`${port} ${protocol}`}>
              <td>{port}</td>
              <td>{text(`protocol.${protocol}`)}</td>
              <td>{sources.length === 0 ? text('policy.anySource') : <Name>{sources.join(', ')}</Name>}</td>
              <td>{duration(intl, maxMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {defender !== undefined && (
        <p className={css.by}>
          <Text
            id={defender.used ? 'policy.defender.used' : 'policy.defender.beside'}
            values={{ policy: <Name>{defender.policy}</Name> }}
          />
        </p>
      )}
    </Section>
  );
}
