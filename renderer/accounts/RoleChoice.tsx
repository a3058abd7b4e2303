/** Which roles to take, of those that IAM Identity Center gives the person. Each is an account of its own here. */
import { showName } from '../../shared/domain/hostile.ts';
import { Section } from '../components/Section.tsx';
import { Tile, Tiles } from '../components/Tile.tsx';
import { useText } from '../i18n/text.tsx';
import type { Asked } from './useSignIn.ts';

export function RoleChoice({
  roles,
  several,
  chosen,
  onChange,
}: {
  roles: Extract<Asked, { step: 'choose-role' }>['roles'];
  several: boolean;
  chosen: readonly string[];
  onChange: (roles: string[]) => void;
}) {
  const text = useText();
  const title = text(several ? 'signIn.roles' : 'signIn.role');
  return (
    <Section title={title}>
      <Tiles label={title} one={!several}>
        {roles.map(({ account, accountName, role }) => {
          const id = `${account}/${role}`;
          const others = several ? chosen.filter(one => one !== id) : [];
          return (
            <Tile
              key={id}
              {...(several ? {} : { group: 'role' })}
              on={chosen.includes(id)}
              onChange={on => onChange(on ? [...others, id] : others)}
              title={showName(role)}
              means={`${showName(accountName)} ${account}`}
            />
          );
        })}
      </Tiles>
    </Section>
  );
}
