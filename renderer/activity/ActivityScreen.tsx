/** The history: filtered, live at the top, more as one scrolls, and out as CSV. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Empty, Screen } from '../components/Screen.tsx';
import { useRows } from '../components/useRows.ts';
import { useText } from '../i18n/text.tsx';
import { activityCsv, moreActivity, reloadActivity, useActivity } from '../state/activity.ts';
import { broker } from '../state/broker.ts';
import { useSettings } from '../state/settings.ts';
import { act, say } from '../state/toasts.ts';
import css from './Activity.module.css';
import { ActivityFilters } from './ActivityFilters.tsx';
import { ActivityLine } from './ActivityLine.tsx';
import { saveFile } from './saveFile.ts';

/** Heights in pixels, as in tokens.css. */
const heights = { normal: 32, compact: 26 };
/** Rows before the end at which the next page is fetched. */
const ahead = 30;

export function ActivityScreen() {
  const text = useText();
  const [saving, setSaving] = useState(false);
  const [reading, setReading] = useState(false);
  const error = useActivity(state => state.error);
  const read = (): void => {
    setReading(true);
    act(async () => {
      try {
        await broker().activity.refresh({});
      } finally {
        setReading(false);
      }
    });
  };
  const save = (): void => {
    setSaving(true);
    act(async () => {
      try {
        saveFile(await activityCsv(), `latchkey-activity-${new Date().toISOString().slice(0, 10)}.csv`);
        say(text('activity.saved'));
      } finally {
        setSaving(false);
      }
    });
  };
  return (
    <Screen
      title={text('nav.activity')}
      actions={
        <>
          <Button icon="refresh" disabled={reading} onClick={read}>
            {text(reading ? 'activity.readingClouds' : 'activity.readClouds')}
          </Button>
          <Button icon="download" disabled={saving} onClick={save}>
            {text(saving ? 'activity.saving' : 'activity.save')}
          </Button>
        </>
      }
    >
      <ActivityFilters />
      {error !== undefined && (
        <ErrorNote error={error}>
          <Button small onClick={() => void reloadActivity()}>
            {text('retry')}
          </Button>
        </ErrorNote>
      )}
      <ActivityList />
    </Screen>
  );
}

function ActivityList() {
  const text = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const { rows, more, loading } = useActivity();
  const density = useSettings(state => state.settings?.density ?? 'normal');
  const height = heights[density];
  const virtual = useRows({
    count: rows.length,
    scroller,
    height: () => height,
    keyOf: useCallback((at: number) => rows[at]?.id ?? at, [rows]),
    head: 0,
  });
  const drawn = virtual.getVirtualItems();
  const last = drawn.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - ahead) moreActivity();
  }, [last, rows.length]);
  if (rows.length === 0 && !loading) {
    return (
      <Empty title={text('activity.none')}>
        <p>{text('activity.none.fix')}</p>
      </Empty>
    );
  }
  return (
    <div
      ref={scroller}
      className={css.list}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
      tabIndex={0}
    >
      <table
        className={css.table}
        aria-label={text('nav.activity')}
        aria-rowcount={more ? -1 : rows.length + 1}
      >
        <thead className={css.head}>
          <tr className={css.line} aria-rowindex={1}>
            {(['when', 'what', 'vm', 'who', 'cloud', 'detail'] as const).map(column => (
              <th key={column} scope="col">
                {text(`activity.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className={css.rows} style={{ height: virtual.getTotalSize() }}>
          {drawn.map(({ index, start, key }) => {
            const row = rows[index];
            return row && <ActivityLine key={key} row={row} index={index + 2} start={start} />;
          })}
        </tbody>
      </table>
      {loading && rows.length === 0 && <output className={css.loading}>{text('activity.reading')}</output>}
    </div>
  );
}
