/** Search, or jump to a VM: Ctrl/Cmd K or `/` from anywhere, Enter or the down key goes on into the list. */
import { useEffect, useRef } from 'react';
import { Icon } from '../components/icons.tsx';
import { useText } from '../i18n/text.tsx';
import { warmSearch } from '../state/vmList.ts';
import { useVms } from '../state/vms.ts';
import { filterVms, useVmView } from '../state/vmView.ts';
import { gridId } from './ids.ts';
import css from './SearchBox.module.css';

const isApple = /mac|iphone|ipad/i.test(navigator.userAgent);

export function SearchBox() {
  const text = useText();
  const input = useRef<HTMLInputElement>(null);
  const value = useVmView(view => view.filter.text);
  const asked = useVmView(view => view.searchAsked);
  useEffect(() => {
    if (asked > 0) input.current?.focus();
  }, [asked]);
  return (
    <label className={css.search}>
      <Icon name="search" />
      <input
        ref={input}
        value={value}
        aria-label={text('vms.search')}
        placeholder={text('vms.search')}
        autoComplete="off"
        spellCheck={false}
        onFocus={() => warmSearch(useVms.getState().byId.values())}
        onChange={event => filterVms({ text: event.target.value })}
        onKeyDown={event => {
          if (event.key === 'Escape' && value !== '') filterVms({ text: '' });
          else if (event.key === 'Enter' || event.key === 'ArrowDown' || event.key === 'Escape') {
            event.preventDefault();
            document.getElementById(gridId)?.focus();
          }
        }}
      />
      <kbd>{text(isApple ? 'key.search.apple' : 'key.search')}</kbd>
    </label>
  );
}
