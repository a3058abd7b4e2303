/** The profiles of the AWS files on the broker's machine, one of them to choose. */
import { useEffect, useState } from 'react';
import type { AwsProfile } from '../../shared/contract/accounts.ts';
import { showName } from '../../shared/domain/hostile.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Section } from '../components/Section.tsx';
import { Tile, Tiles } from '../components/Tile.tsx';
import { useText } from '../i18n/text.tsx';
import { broker } from '../state/broker.ts';
import { errorOf } from '../state/errors.ts';

export function ProfileChoice({ chosen, onChange }: { chosen: string; onChange: (profile: string) => void }) {
  const text = useText();
  const [profiles, setProfiles] = useState<AwsProfile[]>();
  const [error, setError] = useState<ErrorData>();
  useEffect(() => {
    const stop = new AbortController();
    broker()
      .accounts.profiles({}, { signal: stop.signal })
      .then(
        answer => setProfiles(answer.profiles.filter(({ source }) => source !== 'none')),
        (thrown: unknown) => stop.signal.aborted || setError(errorOf(thrown)),
      );
    return () => stop.abort();
  }, []);
  return (
    <Section title={text('aws.profiles')}>
      {profiles === undefined && error === undefined && <output>{text('aws.reading')}</output>}
      {profiles?.length === 0 && <p>{text('aws.none')}</p>}
      {error !== undefined && <ErrorNote error={error} />}
      <Tiles label={text('aws.profiles')} one>
        {profiles?.map(({ name, source, account, role }) => (
          <Tile
            key={name}
            group="profile"
            on={chosen === name}
            onChange={() => onChange(name)}
            title={showName(name)}
            means={[text(`aws.source.${source}`), account, role === undefined ? undefined : showName(role)]
              .filter(Boolean)
              .join(' · ')}
          />
        ))}
      </Tiles>
    </Section>
  );
}
