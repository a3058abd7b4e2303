/** Profiles to tick, or all of them; those that are signed in to say so. */
import type { AwsProfile } from '../../shared/contract/accounts.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { Tile, Tiles } from '../components/Tile.tsx';
import { useText } from '../i18n/text.tsx';
import { useAccounts } from '../state/accounts.ts';

export function ProfileTiles({
  profiles,
  chosen,
  onChange,
}: {
  profiles: readonly AwsProfile[];
  chosen: readonly string[];
  onChange: (profiles: string[]) => void;
}) {
  const text = useText();
  const accounts = useAccounts(state => state.accounts);
  const means = ({ name, source, account, role }: AwsProfile): string =>
    [
      accounts?.some(({ aws }) => aws?.profile === name) === true ? text('aws.here') : undefined,
      text(`aws.source.${source}`),
      account,
      role === undefined ? undefined : showName(role),
    ]
      .filter(Boolean)
      .join(' · ');
  return (
    <Tiles label={text('aws.profiles')}>
      {profiles.length > 1 && (
        <Tile
          on={chosen.length === profiles.length}
          onChange={on => onChange(on ? profiles.map(({ name }) => name) : [])}
          title={<b>{text('scopes.all')}</b>}
          means={text('aws.count', { count: profiles.length })}
        />
      )}
      {profiles.map(profile => {
        const others = chosen.filter(one => one !== profile.name);
        return (
          <Tile
            key={profile.name}
            on={chosen.includes(profile.name)}
            onChange={on => onChange(on ? [...others, profile.name] : others)}
            title={showName(profile.name)}
            means={means(profile)}
          />
        );
      })}
    </Tiles>
  );
}
