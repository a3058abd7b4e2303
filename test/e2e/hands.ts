/** Where things are in the window, and looking at a VM's port from outside. */
import { connect } from 'node:net';
import { expect, type Locator, type Page } from '@playwright/test';
import type { VmRow } from '../../shared/contract/vms.ts';
import { accessibilityFaults } from '../fakes/axe.ts';

/** A VM's row in the list, by its exact name. */
export const row = (page: Page, name: string | RegExp): Locator =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });

/** The dialog above the window. Toasts are dialogs to screen readers too; they have no heading. */
export const dialog = (page: Page): Locator =>
  page.getByRole('dialog').filter({ has: page.getByRole('heading') });
export const toast = (page: Page, title: string | RegExp): Locator =>
  page.getByRole('dialog', { name: title });
export const details = (page: Page): Locator => page.getByRole('complementary', { name: 'Selected VM' });
export const tab = (page: Page, name: string): Locator => page.getByRole('tab', { name });

/** A VM's open door at the bottom of the window. */
export const door = (page: Page, name: string): Locator =>
  page.getByRole('contentinfo', { name: 'Open doors' }).getByRole('listitem').filter({ hasText: name });

/** What the countdown in a row or a door shows, in seconds. */
export async function secondsLeft(where: Locator): Promise<number> {
  const parts = (await where.locator('time').first().innerText()).split(':').map(Number);
  return parts.reduce((sum, part) => sum * 60 + part, 0);
}

/** The first bytes a VM's port says by itself; undefined when the connection is refused or cut. */
export function knock(vm: VmRow, port = 22): Promise<string | undefined> {
  const endpoint = vm.endpoints.find(one => one.port === port);
  if (endpoint === undefined) throw new Error(`${vm.name} has no endpoint for port ${port}`);
  return new Promise(resolve => {
    const socket = connect(endpoint.hostPort, endpoint.host);
    socket.setTimeout(3_000, () => socket.destroy());
    socket.once('data', bytes => {
      resolve(bytes.toString('latin1').trim());
      socket.destroy();
    });
    socket.once('error', () => socket.destroy());
    socket.once('close', () => resolve(undefined));
  });
}

/** Nothing on the page breaks a rule of accessibility; `only` as in `accessibilityFaults`. */
export async function expectAccessible(page: Page, what: string, only?: 'colours'): Promise<void> {
  expect(await accessibilityFaults(page, only), what).toEqual([]);
}
