import { describe, expect, test, vi } from 'vitest';
import { quitQuestion, shutAndQuit } from '../../main/desktop/quitQuestion.ts';
import { trayMenu, trayTip } from '../../main/desktop/trayMenu.ts';
import { createWarnings } from '../../main/desktop/warnings.ts';
import { makeGrant, noon } from '../fakes/grants.ts';

const actions = () => ({
  extend: vi.fn(),
  revoke: vi.fn(),
  revokeAll: vi.fn(),
  show: vi.fn(),
  quit: vi.fn(),
});
const click = (item: unknown) => (item as { click: () => void }).click();

describe('the tray', () => {
  test('without grants says that everything is shut, and revokes nothing', () => {
    const menu = trayMenu([makeGrant({ state: 'closed' })], noon, actions());
    expect(menu[0]).toMatchObject({ label: 'Everything is shut', enabled: false });
    expect(menu.find(item => item.label === 'Revoke all')).toMatchObject({ enabled: false });
    expect(trayTip([], noon)).toBe('Latchkey: everything is shut');
  });

  test('shows each live grant with what is left, the next to end first, and acts on that one', () => {
    const did = actions();
    const later = makeGrant();
    const sooner = makeGrant({
      id: 'zzzz2345efgh',
      vmName: 'R&D',
      endsAt: new Date(noon + 45_000).toISOString(),
    });
    const menu = trayMenu([later, sooner], noon, did);
    expect(menu.slice(0, 2).map(item => item.label)).toEqual(['R&&D  22  45s left', 'web-1  22  1h left']);
    const [extend, revoke] = (menu[0]?.submenu ?? []) as unknown[];
    click(extend);
    click(revoke);
    expect(did.extend).toHaveBeenCalledWith('zzzz2345efgh');
    expect(did.revoke).toHaveBeenCalledWith('zzzz2345efgh');
    click(menu.find(item => item.label === 'Revoke all'));
    expect(did.revokeAll).toHaveBeenCalledOnce();
    expect(trayTip([later, sooner], noon)).toBe('Latchkey: 2 open, next ends in 45s');
  });

  test('a stuck one is told first and can be tried again, not extended', () => {
    const menu = trayMenu([makeGrant({ state: 'stuck' })], noon, actions());
    expect(menu[0]?.label).toContain('could not be shut');
    expect(menu[0]?.submenu).toMatchObject([{ enabled: false }, { label: 'Try to shut again' }]);
    expect(trayTip([makeGrant({ state: 'stuck' })], noon)).toBe('Latchkey: 1 port could not be shut');
  });
});

describe('warnings', () => {
  const five = 5 * 60_000;
  const end = noon + 3_600_000;

  test('come once before the end, and again after an extension', () => {
    const warnings = createWarnings();
    const grant = makeGrant();
    expect(warnings.due([grant], noon, five)).toEqual([]);
    expect(warnings.next([grant], noon, five)).toBe(end - five);
    expect(warnings.due([grant], end - five, five)).toMatchObject([
      { title: 'web-1 shuts in 5m', extend: true },
    ]);
    expect(warnings.due([grant], end - 1_000, five)).toEqual([]);
    const extended = makeGrant({ endsAt: new Date(end + 1_800_000).toISOString() });
    expect(warnings.due([extended], end, five)).toEqual([]);
    expect(warnings.due([extended], end + 1_800_000 - five, five)).toHaveLength(1);
  });

  test('are not given for a grant shorter than the warning time, nor for one that is over', () => {
    const short = makeGrant({ endsAt: new Date(noon + 60_000).toISOString() });
    expect(createWarnings().due([short], noon + 1_000, five)).toEqual([]);
    expect(createWarnings().due([makeGrant({ state: 'closed' })], end - 1, five)).toEqual([]);
  });

  test('a stuck grant is told at once, with its reason', () => {
    const stuck = makeGrant({
      state: 'stuck',
      error: { code: 'CLOUD_UNREACHABLE', message: 'Azure does not answer.' },
    });
    expect(createWarnings().due([stuck], noon, five)).toMatchObject([
      { body: 'Azure does not answer.', extend: false },
    ]);
  });
});

describe('quitting', () => {
  test('asks nothing when nothing is open', () => {
    expect(quitQuestion([makeGrant({ state: 'closed' }), makeGrant({ state: 'failed' })])).toBeUndefined();
  });

  test('names what is open, and the answer at hand shuts it', () => {
    const question = quitQuestion([
      makeGrant(),
      makeGrant({ id: 'zzzz2345efgh', vmName: 'sql-1', state: 'stuck' }),
    ]);
    expect(question?.message).toBe('2 ports are still open.');
    expect(question?.detail).toContain('web-1: 22');
    expect(question?.detail).toContain('sql-1: 22');
    expect(question?.defaultId).toBe(shutAndQuit);
    expect(question?.buttons?.[shutAndQuit]).toBe('Shut all and quit');
    expect(question?.cancelId).not.toBe(shutAndQuit);
  });
});
