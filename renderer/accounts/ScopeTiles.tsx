/** The subscriptions of an account to tick, or all of them. */
import type { AccountScope } from '../../shared/contract/accounts.ts';
import { Name } from '../components/Name.tsx';
import { Tile, Tiles } from '../components/Tile.tsx';
import { useText } from '../i18n/text.tsx';

export function ScopeTiles({
  scopes,
  all,
  label,
  onChange,
}: {
  scopes: AccountScope[];
  all: boolean;
  label: string;
  onChange: (scopes: AccountScope[], all: boolean) => void;
}) {
  const text = useText();
  const choose = (id: string, on: boolean): void =>
    // Taking one away from all of them leaves the others.
    onChange(
      scopes.map(one => ({ ...one, chosen: one.id === id ? on : all || one.chosen })),
      false,
    );
  return (
    <Tiles label={label}>
      <Tile
        on={all}
        onChange={on => onChange(scopes, on)}
        title={<b>{text('scopes.all')}</b>}
        means={text('scopes.all.means')}
      />
      {scopes.map(scope => (
        <Tile
          key={scope.id}
          on={all || scope.chosen}
          onChange={on => choose(scope.id, on)}
          title={<Name>{scope.name}</Name>}
          means={<Name clip>{scope.id}</Name>}
        />
      ))}
    </Tiles>
  );
}
