/** “You are seen from”: the address VMs will see, how sure that is, and every observer's answer. */
import { Popover } from '@base-ui/react/popover';
import type { MyIp, Observation } from '../../shared/contract/egress.ts';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Icon, type IconName } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { When } from '../components/When.tsx';
import { useText } from '../i18n/text.tsx';
import { broker } from '../state/broker.ts';
import { useMyIp } from '../state/myIp.ts';
import { act } from '../state/toasts.ts';
import css from './SeenFrom.module.css';

type Verdict = MyIp['ipv4'];

const looks: Record<Verdict['state'], { icon: IconName; tone: string | undefined }> = {
  agreed: { icon: 'check', tone: css.agreed },
  organisation: { icon: 'check', tone: css.agreed },
  differ: { icon: 'warn', tone: css.differ },
  unknown: { icon: 'unknown', tone: css.unknown },
};

/** The family to show first: the one that is known. */
function mainFamily(myIp: MyIp): 'ipv4' | 'ipv6' {
  return myIp.ipv4.state === 'unknown' && myIp.ipv6.state !== 'unknown' ? 'ipv6' : 'ipv4';
}

function useSummary(): (myIp: MyIp, family: 'ipv4' | 'ipv6') => string {
  const text = useText();
  return (myIp, family) => {
    const asked = myIp.observations.filter(seen => seen.family === family);
    const agree = asked.filter(seen => seen.address === myIp[family].address).length;
    const name = text(`family.${family}`);
    return text(`myip.${myIp[family].state}`, { agree, asked: asked.length, family: name });
  };
}

function Answer({ seen }: { seen: Observation }) {
  const text = useText();
  return (
    <tr>
      <td>
        <Name>{seen.observer}</Name>
      </td>
      <td>{text(`family.${seen.family}`)}</td>
      <td>{text(`route.${seen.route}`)}</td>
      <td className={seen.address === undefined ? css.failed : css.address}>
        <Name>{seen.address ?? seen.error ?? text('myip.noAnswer')}</Name>
      </td>
      <td className={css.ms}>{text('ms', { ms: seen.ms })}</td>
    </tr>
  );
}

function Answers({ myIp }: { myIp: MyIp }) {
  const text = useText();
  const heads = ['myip.observer', 'myip.family', 'myip.route', 'myip.saw', 'myip.took'] as const;
  return (
    <table className={css.answers}>
      <thead>
        <tr>
          {heads.map(id => (
            <th key={id} scope="col">
              {text(id)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {myIp.observations.map(seen => (
          <Answer key={`${seen.observer} ${seen.family} ${seen.route}`} seen={seen} />
        ))}
      </tbody>
    </table>
  );
}

export function SeenFrom() {
  const text = useText();
  const summary = useSummary();
  const myIp = useMyIp(state => state.myIp);
  const family = myIp === undefined ? 'ipv4' : mainFamily(myIp);
  const verdict: Verdict = myIp?.[family] ?? { state: 'unknown' };
  const { icon, tone } = looks[verdict.state];
  const address = verdict.address ?? verdict.ranges?.join(', ') ?? text(`myip.short.${verdict.state}`);
  return (
    <Popover.Root>
      <Popover.Trigger className={css.card} title={text('myip.title')}>
        <small>{text('myip.title')}</small>
        <strong>
          <span className={tone}>
            <Icon name={icon} />
          </span>
          <Name clip>{address}</Name>
        </strong>
        <small>{myIp === undefined ? text('myip.asking') : summary(myIp, family)}</small>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="right" align="end" sideOffset={10} collisionPadding={12}>
          <Popover.Popup className={css.popup}>
            <Popover.Title className={css.title}>{text('myip.title')}</Popover.Title>
            <Popover.Description className={css.about}>{text('myip.about')}</Popover.Description>
            {myIp?.error !== undefined && <ErrorNote error={myIp.error} />}
            {myIp !== undefined && (
              <ul className={css.verdicts}>
                {(['ipv4', 'ipv6'] as const).map(each => (
                  <li key={each}>
                    <span className={looks[myIp[each].state].tone}>
                      <Icon name={looks[myIp[each].state].icon} />
                    </span>
                    <b>{myIp[each].address ?? text(`myip.short.${myIp[each].state}`)}</b>
                    <span>{summary(myIp, each)}</span>
                  </li>
                ))}
              </ul>
            )}
            {myIp !== undefined && myIp.observations.length > 0 && <Answers myIp={myIp} />}
            <div className={css.foot}>
              <span>{myIp !== undefined && <When at={myIp.at} />}</span>
              <Button icon="refresh" small onClick={() => act(() => broker().egress.get({ refresh: true }))}>
                {text('myip.again')}
              </Button>
            </div>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
