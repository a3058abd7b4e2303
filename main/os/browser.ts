/** The person's browser. */
import type { Browser } from './ports.ts';

/**
 * The system's default browser, for HTTPS addresses alone: what opens others may be any program. On Linux only where there
 * is a screen; `env` is where it is named.
 */
export function createBrowser(env: NodeJS.ProcessEnv = process.env): Browser {
  return {
    async open(url) {
      const headless = process.platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY'];
      if (headless || URL.parse(url)?.protocol !== 'https:') return false;
      // xdg-open, `open` and PowerShell each want their own words: https://github.com/sindresorhus/open has them all.
      const { default: open } = await import('open');
      const child = await open(url).catch(() => undefined);
      if (child === undefined) return false;
      return new Promise(resolve => {
        child.once('error', () => resolve(false));
        child.once('spawn', () => resolve(true));
      });
    },
  };
}
