/** Which ports to open: each of the policy on or off. For several VMs also “the usual one of each”. */
import { Checkbox } from '@base-ui/react/checkbox';
import { useIntl } from 'react-intl';
import type { PolicyPort } from '../../shared/contract/policies.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Icon } from '../components/icons.tsx';
import { Section } from '../components/Section.tsx';
import { useText } from '../i18n/text.tsx';
import { duration } from '../i18n/time.ts';
import css from './choices.module.css';
import { portKey } from './draft.ts';

interface Parts {
  ports: readonly PolicyPort[];
  several: boolean;
  chosen: readonly string[] | undefined;
  onChange: (chosen: readonly string[] | undefined) => void;
  error: ErrorData | undefined;
}

const services: Record<number, 'ssh' | 'rdp' | 'winrm' | 'winrms'> = {
  22: 'ssh',
  3389: 'rdp',
  5985: 'winrm',
  5986: 'winrms',
};

export function PortChoice({ ports, several, chosen, onChange, error }: Parts) {
  const intl = useIntl();
  const text = useText();
  const toggle = (key: string, on: boolean): void => {
    const rest = (chosen ?? []).filter(other => other !== key);
    onChange(on ? [...rest, key] : rest);
  };
  return (
    <Section title={text('request.ports')}>
      <div className={css.tiles}>
        {several && (
          // biome-ignore lint/a11y/noLabelWithoutControl: Base UI's checkbox is the control
          <label className={css.tile}>
            <Checkbox.Root
              className={css.box}
              checked={chosen === undefined}
              onCheckedChange={on => onChange(on ? undefined : ports.slice(0, 1).map(port => portKey(port)))}
            >
              <Checkbox.Indicator className={css.tick}>
                <Icon name="check" size={12} />
              </Checkbox.Indicator>
            </Checkbox.Root>
            <span>
              <b>{text('request.usualPort')}</b>
              <small>{text('request.usualPort.means')}</small>
            </span>
          </label>
        )}
        {ports.map(port => {
          const key = portKey(port);
          const service = services[port.port];
          return (
            <label key={key} className={css.tile}>
              <Checkbox.Root
                className={css.box}
                checked={chosen?.includes(key) ?? false}
                onCheckedChange={on => toggle(key, on)}
              >
                <Checkbox.Indicator className={css.tick}>
                  <Icon name="check" size={12} />
                </Checkbox.Indicator>
              </Checkbox.Root>
              <span>
                <b>{port.port}</b>{' '}
                {service === undefined ? text(`protocol.${port.protocol}`) : text(`service.${service}`)}
                <small>{text('request.upTo', { time: duration(intl, port.maxMs) })}</small>
              </span>
            </label>
          );
        })}
      </div>
      {chosen?.length === 0 && <p className={css.hint}>{text('request.noPort')}</p>}
      {error !== undefined && <ErrorNote error={error} />}
    </Section>
  );
}
