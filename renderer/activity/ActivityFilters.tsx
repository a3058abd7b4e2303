/** By text, by VM, by time. */
import { useEffect, useState } from 'react';
import { Choice } from '../components/Chip.tsx';
import { Field } from '../components/Field.tsx';
import { useText } from '../i18n/text.tsx';
import { queryActivity, useActivity } from '../state/activity.ts';
import css from './Activity.module.css';

const dayMs = 86_400_000;
const spans = { day: dayMs, week: 7 * dayMs, month: 30 * dayMs, all: 0 } as const;
const spanNames = ['day', 'week', 'month', 'all'] as const;
const settleMs = 200;

export function ActivityFilters() {
  const text = useText();
  const query = useActivity(state => state.query);
  const [draft, setDraft] = useState({ text: query.text, vm: query.vm });
  useEffect(() => {
    const now = useActivity.getState().query;
    if (draft.text === now.text && draft.vm === now.vm) return;
    const timer = setTimeout(() => queryActivity(draft), settleMs);
    return () => clearTimeout(timer);
  }, [draft]);
  return (
    <div className={css.filters}>
      <Field
        label={text('activity.byText')}
        placeholder={text('activity.byText.example')}
        value={draft.text}
        onChange={event => setDraft({ ...draft, text: event.target.value })}
      />
      <Field
        label={text('activity.byVm')}
        placeholder={text('activity.byVm.example')}
        value={draft.vm}
        onChange={event => setDraft({ ...draft, vm: event.target.value })}
      />
      <Choice
        label={text('activity.span')}
        value={spanNames.find(span => spans[span] === query.spanMs)}
        options={spanNames.map(span => ({ value: span, label: text(`activity.span.${span}`) }))}
        onChange={span => queryActivity({ spanMs: spans[span] })}
      />
    </div>
  );
}
