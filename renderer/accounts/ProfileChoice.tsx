/** The profiles of the AWS files on the broker's machine, some of them to choose. */
import { useEffect, useEffectEvent, useState } from 'react';
import type { AwsProfile } from '../../shared/contract/accounts.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Section } from '../components/Section.tsx';
import { useText } from '../i18n/text.tsx';
import { broker } from '../state/broker.ts';
import { errorOf } from '../state/errors.ts';
import { ProfileTiles } from './ProfileTiles.tsx';

export function ProfileChoice({
  chosen,
  onChange,
}: {
  chosen: readonly string[];
  onChange: (profiles: string[]) => void;
}) {
  const text = useText();
  const [profiles, setProfiles] = useState<AwsProfile[]>();
  const [error, setError] = useState<ErrorData>();
  const show = useEffectEvent((all: AwsProfile[]) => {
    const usable = all.filter(({ source }) => source !== 'none');
    setProfiles(usable);
    // What the aws command would take; where there is no choice, the only one.
    const first =
      usable.find(({ name }) => name === 'default') ?? (usable.length === 1 ? usable[0] : undefined);
    if (chosen.length === 0 && first !== undefined) onChange([first.name]);
  });
  useEffect(() => {
    const stop = new AbortController();
    broker()
      .accounts.profiles({}, { signal: stop.signal })
      .then(
        answer => show(answer.profiles),
        (thrown: unknown) => stop.signal.aborted || setError(errorOf(thrown)),
      );
    return () => stop.abort();
  }, []);
  return (
    <Section title={text('aws.profiles')}>
      {profiles === undefined && error === undefined && <output>{text('aws.reading')}</output>}
      {profiles?.length === 0 && <p>{text('aws.none')}</p>}
      {error !== undefined && <ErrorNote error={error} />}
      {profiles !== undefined && profiles.length > 0 && (
        <ProfileTiles profiles={profiles} chosen={chosen} onChange={onChange} />
      )}
    </Section>
  );
}
