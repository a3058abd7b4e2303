/** The tray and the notices: both follow the broker's grants, and act through the contract like any other door. */
import { Menu, Notification, nativeImage, Tray } from 'electron';
import type { Grant } from '../../shared/contract/grants.ts';
import { isLive } from '../../shared/domain/live.ts';
import { toErrorData } from '../../shared/errors.ts';
import type { Connection } from '../doors/client.ts';
import type { Clock, Logger } from '../os/ports.ts';
import { trayImage } from './trayImage.ts';
import { trayMenu, trayTip } from './trayMenu.ts';
import { createWarnings, type Warning } from './warnings.ts';

const extendMs = 30 * 60_000;
/** The menu's minutes are at most this old. */
const repaintMs = 20_000;

export interface TrayDeps {
  client: Connection['client'];
  clock: Clock;
  log: Logger;
  show(screen: string): void;
  quit(): void;
}

/** Puts the tray up and follows the grants until disposed. */
export function startTray(deps: TrayDeps): Disposable {
  const { client, clock, log } = deps;
  const tray = new Tray(nativeImage.createFromDataURL(trayImage));
  const stop = new AbortController();
  const warnings = createWarnings();
  /** Notices live only as long as something holds them. */
  const shown = new Set<Notification>();
  const known = new Map<string, Grant>();
  let warnBeforeMs = 5 * 60_000;
  let timer: Disposable | undefined;

  /** Failures are told as a notice: the tray has no other place for words. */
  function act(what: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      const { message, fix } = toErrorData(error);
      notify({ grant: '', title: what, body: [message, fix].filter(Boolean).join(' '), extend: false });
    });
  }
  const extend = (grant: string) => act('Could not extend', client.grants.extend({ grant, byMs: extendMs }));
  const revoke = (grant: string) => act('Could not revoke', client.grants.revoke({ grants: [grant] }));

  function notify(warning: Warning): void {
    const actions = warning.extend ? [{ type: 'button' as const, text: 'Extend by 30 minutes' }] : [];
    const notice = new Notification({ title: warning.title, body: warning.body, actions });
    notice.on('action', () => extend(warning.grant));
    notice.on('click', () => deps.show('grants'));
    notice.on('close', () => shown.delete(notice));
    shown.add(notice);
    notice.show();
  }

  function paint(): void {
    timer?.[Symbol.dispose]();
    if (stop.signal.aborted) return;
    const now = clock.now();
    const grants = [...known.values()];
    tray.setToolTip(trayTip(grants, now));
    const show = (screen: string) => deps.show(screen);
    const quit = () => deps.quit();
    const revokeAll = () => act('Could not revoke all', client.grants.revoke({ all: true }));
    tray.setContextMenu(
      Menu.buildFromTemplate(trayMenu(grants, now, { extend, revoke, revokeAll, show, quit })),
    );
    for (const warning of warnings.due(grants, now, warnBeforeMs)) notify(warning);
    const next = Math.min(
      now + repaintMs,
      warnings.next(grants, now, warnBeforeMs) ?? Number.POSITIVE_INFINITY,
    );
    if (grants.some(isLive)) timer = clock.after(next - now, paint);
  }

  async function follow(): Promise<void> {
    warnBeforeMs = (await client.settings.get({})).warnBeforeMs;
    paint();
    for await (const change of await client.grants.watch({}, { signal: stop.signal })) {
      if (change.kind === 'snapshot') known.clear();
      for (const grant of change.kind === 'snapshot' ? change.grants : change.upsert)
        known.set(grant.id, grant);
      paint();
    }
  }

  tray.on('click', () => deps.show('vms'));
  follow().catch((error: unknown) => {
    if (!stop.signal.aborted) log.error({ error: toErrorData(error) }, 'the tray lost the grants');
  });

  return {
    [Symbol.dispose]() {
      stop.abort();
      timer?.[Symbol.dispose]();
      tray.destroy();
    },
  };
}
