/** What axe finds wrong on a page, as it is painted now. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

/**
 * Each broken rule of accessibility that a machine can check, with what breaks it. `colours`: only those rules that
 * another theme could break.
 */
export async function accessibilityFaults(page: Page, only?: 'colours'): Promise<string[]> {
  // Measured when nothing moves any more: half-faded text has half its contrast.
  await page.waitForFunction(() =>
    document.getAnimations().every(({ playState }) => playState === 'finished'),
  );
  // The window has no frames: axe need not open a page of its own to put their results together.
  const axe = new AxeBuilder({ page }).setLegacyMode(true);
  const { violations } = await (only === 'colours' ? axe.withRules(['color-contrast']) : axe).analyze();
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
  );
}
