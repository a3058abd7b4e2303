/** Filters of the VM list. Clouds add up; the others narrow. */
import { Popover } from '@base-ui/react/popover';
import { IconButton } from '../components/Button.tsx';
import { Chip } from '../components/Chip.tsx';
import { useText } from '../i18n/text.tsx';
import { filterVms, useVmView } from '../state/vmView.ts';
import css from './FilterChips.module.css';

const chips = ['azure', 'aws', 'running', 'exposed'] as const;
const keys = ['enter', 'arrows', 'space', 'r', 'l', 'type', 'escape'] as const;

export function FilterChips({ shown }: { shown: number }) {
  const text = useText();
  const filter = useVmView(view => view.filter);
  return (
    <div className={css.chips}>
      <fieldset className={css.group} aria-label={text('vms.filters')}>
        {chips.map(chip => (
          <Chip key={chip} on={filter[chip]} onChange={on => filterVms({ [chip]: on })}>
            {text(`chip.${chip}`)}
          </Chip>
        ))}
      </fieldset>
      <output className={css.shown}>{text('vms.shown', { count: shown })}</output>
      <Popover.Root>
        <Popover.Trigger render={<IconButton icon="keyboard" label={text('keys.title')} />} />
        <Popover.Portal>
          <Popover.Positioner side="bottom" align="end" sideOffset={6} collisionPadding={12}>
            <Popover.Popup className={css.popup}>
              <Popover.Title className={css.title}>{text('keys.title')}</Popover.Title>
              <dl className={css.keys}>
                {keys.map(key => (
                  <div key={key}>
                    <dt>
                      <kbd>{text(`keys.${key}`)}</kbd>
                    </dt>
                    <dd>{text(`keys.${key}.does`)}</dd>
                  </div>
                ))}
              </dl>
            </Popover.Popup>
          </Popover.Positioner>
        </Popover.Portal>
      </Popover.Root>
    </div>
  );
}
