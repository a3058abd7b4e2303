/** Settings. Each is saved as it is changed; lists are saved with a button, because half a range is no range. */
import { useEffect, useState } from 'react';
import { useIntl } from 'react-intl';
import type { Settings } from '../../shared/contract/accounts.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { Button } from '../components/Button.tsx';
import { Choice } from '../components/Chip.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Name } from '../components/Name.tsx';
import { Screen } from '../components/Screen.tsx';
import { Facts, Section } from '../components/Section.tsx';
import { useText } from '../i18n/text.tsx';
import { duration } from '../i18n/time.ts';
import { broker, useConnection } from '../state/broker.ts';
import { errorOf } from '../state/errors.ts';
import { useSettings } from '../state/settings.ts';
import { act, say } from '../state/toasts.ts';
import { AzureClouds } from './AzureClouds.tsx';
import { JitSetting } from './JitSetting.tsx';
import { ListSetting } from './ListSetting.tsx';
import css from './Settings.module.css';

const themes = ['system', 'light', 'dark'] as const;
const densities = ['normal', 'compact'] as const;
const warnings = [60_000, 120_000, 300_000, 600_000, 900_000];

export function SettingsScreen() {
  const text = useText();
  const intl = useIntl();
  const { settings, change } = useSettings();
  const save = (part: Partial<Settings>): void => act(() => change(part));
  return (
    <Screen title={text('nav.settings')}>
      {settings === undefined ? (
        <output>{text('settings.reading')}</output>
      ) : (
        <div className={css.settings}>
          <Section level={2} title={text('settings.theme')}>
            <Choice
              label={text('settings.theme')}
              value={settings.theme}
              options={themes.map(value => ({ value, label: text(`settings.theme.${value}`) }))}
              onChange={theme => save({ theme })}
            />
          </Section>
          <Section level={2} title={text('settings.density')}>
            <Choice
              label={text('settings.density')}
              value={settings.density}
              options={densities.map(value => ({ value, label: text(`settings.density.${value}`) }))}
              onChange={density => save({ density })}
            />
          </Section>
          <Section level={2} title={text('settings.warn')}>
            <Choice
              label={text('settings.warn')}
              value={String(settings.warnBeforeMs)}
              options={warnings.map(ms => ({ value: String(ms), label: duration(intl, ms) }))}
              onChange={ms => save({ warnBeforeMs: Number(ms) })}
            />
            <p className={css.hint}>{text('settings.warn.means')}</p>
          </Section>
          <JitSetting ways={settings.jit} onChange={jit => save({ jit })} />
          <ListSetting name="organisationRanges" values={settings.organisationRanges} />
          <ListSetting name="observers" values={settings.observers} />
          <AzureClouds clouds={settings.azureClouds} china={settings.azureChinaAuthority} onChange={save} />
          <About />
        </div>
      )}
    </Screen>
  );
}

function About() {
  const text = useText();
  const up = useConnection(state => state.state === 'up');
  const [info, setInfo] = useState<readonly (readonly [string, string])[]>();
  const [error, setError] = useState<ErrorData>();
  useEffect(() => {
    if (!up) return;
    broker()
      .app.info({})
      .then(
        ({ version, host, dataDirectory, user }) => {
          setInfo([
            [text('about.version'), version],
            [text('about.host'), text(`about.host.${host}`)],
            [text('about.data'), dataDirectory],
            [text('about.user'), user],
          ]);
        },
        (thrown: unknown) => setError(errorOf(thrown)),
      );
  }, [up, text]);
  const copy = async (facts: readonly (readonly [string, string])[]): Promise<void> => {
    await navigator.clipboard.writeText(facts.map(fact => fact.join(': ')).join('\n'));
    say(text('copied'));
  };
  return (
    <Section level={2} title={text('about')}>
      {error !== undefined && <ErrorNote error={error} />}
      {info !== undefined && (
        <>
          <Facts facts={info.map(([name, value]) => [name, <Name key={name}>{value}</Name>])} />
          <Button small className={css.copy} icon="copy" onClick={() => act(() => copy(info))}>
            {text('about.copy')}
          </Button>
        </>
      )}
    </Section>
  );
}
