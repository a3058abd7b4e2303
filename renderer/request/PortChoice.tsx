/** Which ports to open: each of the policy on or off. For several VMs also “the usual one of each”. */
import { useIntl } from 'react-intl';
import type { PolicyPort } from '../../shared/contract/policies.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Section } from '../components/Section.tsx';
import { Tile, Tiles } from '../components/Tile.tsx';
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
  const nameOf = ({ port, protocol }: PolicyPort): string => {
    const service = services[port];
    return service === undefined ? text(`protocol.${protocol}`) : text(`service.${service}`);
  };
  return (
    <Section title={text('request.ports')}>
      <Tiles label={text('request.ports')}>
        {several && (
          <Tile
            on={chosen === undefined}
            onChange={on => onChange(on ? undefined : ports.slice(0, 1).map(portKey))}
            title={<b>{text('request.usualPort')}</b>}
            means={text('request.usualPort.means')}
          />
        )}
        {ports.map(port => (
          <Tile
            key={portKey(port)}
            on={chosen?.includes(portKey(port)) ?? false}
            onChange={on => toggle(portKey(port), on)}
            title={
              <>
                <b>{port.port}</b> {nameOf(port)}
              </>
            }
            means={text('request.upTo', { time: duration(intl, port.maxMs) })}
          />
        ))}
      </Tiles>
      {chosen?.length === 0 && <p className={css.hint}>{text('request.noPort')}</p>}
      {error !== undefined && <ErrorNote error={error} />}
    </Section>
  );
}
