/** Which role to take, of those that IAM Identity Center gives the person. */
import { showName } from '../../shared/domain/hostile.ts';
import { Section } from '../components/Section.tsx';
import { Tile, Tiles } from '../components/Tile.tsx';
import { useText } from '../i18n/text.tsx';
import type { Asked } from './useSignIn.ts';

export function RoleChoice({
  roles,
  chosen,
  onChange,
}: {
  roles: Extract<Asked, { step: 'choose-role' }>['roles'];
  chosen: string;
  onChange: (role: string) => void;
}) {
  const text = useText();
  return (
    <Section title={text('signIn.role')}>
      <Tiles label={text('signIn.role')} one>
        {roles.map(({ account, accountName, role }) => {
          const id = `${account}/${role}`;
          return (
            <Tile
              key={id}
              group="role"
              on={chosen === id}
              onChange={() => onChange(id)}
              title={showName(role)}
              means={`${showName(accountName)} ${account}`}
            />
          );
        })}
      </Tiles>
    </Section>
  );
}
