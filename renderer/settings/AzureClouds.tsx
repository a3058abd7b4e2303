/** Azure clouds besides the known ones, and who signs people in to Azure China. */
import { useState } from 'react';
import type { CustomCloud, Settings } from '../../shared/contract/accounts.ts';
import { azureChinaAuthorities } from '../../shared/domain/azureClouds.ts';
import { Button } from '../components/Button.tsx';
import { Choice } from '../components/Chip.tsx';
import { Name } from '../components/Name.tsx';
import { Section } from '../components/Section.tsx';
import { useText } from '../i18n/text.tsx';
import { CloudForm } from './CloudForm.tsx';
import css from './Settings.module.css';

export function AzureClouds({
  clouds,
  china,
  onChange,
}: {
  clouds: readonly CustomCloud[];
  china: Settings['azureChinaAuthority'];
  onChange: (change: Partial<Settings>) => void;
}) {
  const text = useText();
  const [adding, setAdding] = useState(false);
  return (
    <>
      <Section level={2} title={text('settings.clouds')}>
        {clouds.map(cloud => (
          <div key={cloud.name} className={css.row}>
            <span>
              <Name>{cloud.name}</Name>
              <small className={css.under}>
                <Name>{cloud.armEndpoint}</Name>
              </small>
            </span>
            <Button
              small
              onClick={() => onChange({ azureClouds: clouds.filter(({ name }) => name !== cloud.name) })}
            >
              {text('accounts.remove')}
            </Button>
          </div>
        ))}
        {adding ? (
          <CloudForm clouds={clouds} onDone={() => setAdding(false)} />
        ) : (
          <Button small icon="plus" onClick={() => setAdding(true)}>
            {text('settings.clouds.add')}
          </Button>
        )}
        <p className={css.hint}>{text('settings.clouds.means')}</p>
      </Section>
      <Section level={2} title={text('settings.china')}>
        <Choice
          label={text('settings.china')}
          value={china}
          options={azureChinaAuthorities.map(value => ({
            value,
            label: new URL(value).host,
          }))}
          onChange={azureChinaAuthority => onChange({ azureChinaAuthority })}
        />
        <p className={css.hint}>{text('settings.china.means')}</p>
      </Section>
    </>
  );
}
