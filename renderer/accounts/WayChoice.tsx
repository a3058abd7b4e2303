/** How to sign in. */
import type { SignInWay } from '../../shared/contract/accounts.ts';
import { Section } from '../components/Section.tsx';
import { Tile, Tiles } from '../components/Tile.tsx';
import { useText } from '../i18n/text.tsx';

export function WayChoice<Way extends SignInWay>({
  ways,
  way,
  onChange,
}: {
  ways: readonly Way[];
  way: Way;
  onChange: (way: Way) => void;
}) {
  const text = useText();
  return (
    <Section title={text('signIn.way')}>
      <Tiles label={text('signIn.way')} one>
        {ways.map(one => (
          <Tile
            key={one}
            group="way"
            on={way === one}
            onChange={() => onChange(one)}
            title={text(`signIn.by.${one}`)}
            means={text(`signIn.by.${one}.means`)}
          />
        ))}
      </Tiles>
    </Section>
  );
}
