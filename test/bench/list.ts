/** 50,000 VMs in the list: from a keystroke in the search box to painted rows, in a real Chromium with the built window. */
import { type Browser, chromium, type Page } from '@playwright/test';
import { findChromium } from '../../build/chromium.ts';
import { countTabs, groupRows, matcher, noFilter } from '../../renderer/state/vmList.ts';
import { matcher as brokerMatcher } from '../../shared/domain/search.ts';
import { rowOf, seeds } from '../renderer/fake/names.ts';
import { serveFake } from '../renderer/serveFake.ts';
import { inTurn, median, timed } from './measure.ts';
import { type Benchmark, type Row, row, skipped } from './rows.ts';

/** Typed one by one: from many matches to few. */
const typed = 'api-test-2-1';
/** More than a tall window shows, far less than there are. */
const mostInPage = 150;

export const list: Benchmark = {
  name: 'list',
  async run({ quick }) {
    const size = quick ? 10_000 : 50_000;
    return [...(await painted(size, quick ? 2 : 5)), ...(await pure(size))];
  },
};

async function painted(size: number, rounds: number): Promise<Row[]> {
  const what = `${size} VMs: filter keystroke to painted rows`;
  let browser: Browser;
  try {
    const { executablePath, args } = await findChromium();
    // In a single process the browser ends with its first page.
    browser = await chromium.launch({ executablePath, args: args.filter(arg => arg !== '--single-process') });
  } catch (error) {
    return [skipped(what, `no Chromium starts here (${String(error).split('\n')[0]})`)];
  }
  const served = await serveFake();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(`${served.url}?pace=0&size=${size}`);
    const rows = page.getByRole('row');
    await rows.nth(5).waitFor();
    const drawn = await rows.count();
    const empty = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await empty.setContent('<!doctype html><input>');
    const window: number[] = [];
    const floor: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      floor.push(...(await keystrokes(empty, 'input')));
      const times = await keystrokes(page, 'input[aria-label]');
      if (round > 0) window.push(...times);
    }
    return [
      row({
        what,
        measured: median(window),
        unit: 'ms',
        floor: { what: 'a keystroke in an empty page', value: median(floor) },
        bar: { of: 'measured', most: 50 },
        note: `slowest ${Math.max(...window).toFixed(0)} ms`,
      }),
      row({ what: 'rows in the page', measured: drawn, unit: '', bar: { of: 'measured', most: mostInPage } }),
    ];
  } finally {
    await browser.close();
    await served.close();
  }
}

/** Types into the box and empties it again; milliseconds from each key to the end of the paint that shows it. */
async function keystrokes(page: Page, box: string): Promise<number[]> {
  await page.bringToFront();
  const input = page.locator(box).first();
  await input.focus();
  const times: number[] = [];
  for (const key of typed) {
    await input.evaluate(element => {
      // The task behind a frame's callbacks runs once the frame is painted.
      const shown = new Promise<number>(resolve => {
        element.addEventListener(
          'keydown',
          ({ timeStamp }) => {
            requestAnimationFrame(() => {
              const { port1, port2 } = new MessageChannel();
              port1.onmessage = () => resolve(performance.now() - timeStamp);
              port2.postMessage('');
            });
          },
          { once: true },
        );
      });
      Object.assign(window, { shown });
    });
    await page.keyboard.press(key);
    times.push(await page.evaluate(() => (window as unknown as { shown: Promise<number> }).shown));
  }
  await input.fill('');
  return times;
}

/** What a keystroke works out, without a browser; and what the broker does for `latchkey vms --search`. */
async function pure(size: number): Promise<Row[]> {
  const now = Date.now();
  const rows = Array.from({ length: size }, (_, n) => {
    const seed = seeds[n % seeds.length] ?? { name: 'vm', place: 'prod' as const };
    return rowOf({ ...seed, name: `${seed.name}-${n}` }, n, now);
  });
  const words = Array.from(typed, (_, n) => typed.slice(0, n + 1));
  const each = (filter: (text: string) => unknown) => async () =>
    (await timed(() => words.forEach(filter))) / words.length;
  const texts = rows.map(({ id, name }) => `${name}\n${id}`.toLowerCase());
  const [window = 0, broker = 0, floor = 0] = await inTurn(
    5,
    each(text => {
      const matches = matcher({ ...noFilter, text });
      countTabs(rows, matches);
      return groupRows(rows.filter(matches));
    }),
    each(text => rows.filter(brokerMatcher(text))),
    each(text => texts.filter(one => one.includes(text))),
  );
  const shared = { unit: 'ms', floor: { what: 'includes() on as many texts', value: floor } };
  return [
    row({
      what: 'the window’s own work for it: match, count, group',
      measured: window,
      ...shared,
      bar: { of: 'measured', most: 50 },
    }),
    row({
      what: 'the matcher of `vms --search`',
      measured: broker,
      ...shared,
      bar: { of: 'measured', most: 50 },
    }),
  ];
}
