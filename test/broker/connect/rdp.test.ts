import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rdpLaunch, startInTerminal } from '../../../main/broker/connect/clients.ts';
import { rdpFile } from '../../../main/broker/connect/rdpFile.ts';
import type { Processes } from '../../../main/os/ports.ts';
import { createTestOs } from '../../fakes/os.ts';

const endpoint = { port: 3389, host: '203.0.113.9', hostPort: 3389 };

test('the file names the machine, asks for the password and shares nothing', () => {
  const text = rdpFile(endpoint, { user: 'CORP\\jo' });
  for (const line of [
    'full address:s:203.0.113.9:3389',
    'username:s:CORP\\jo',
    'prompt for credentials:i:1',
    'authentication level:i:2',
    'enablecredsspsupport:i:1',
    'redirectclipboard:i:0',
    'drivestoredirect:s:',
  ]) {
    expect(text.split('\r\n')).toContain(line);
  }
  expect(rdpFile({ ...endpoint, host: '2001:db8::9' }, {})).toContain(
    'full address:s:[2001:db8::9]:3389\r\n',
  );
});

test('no value begins a line of its own', () => {
  const names = (text: string): string[] =>
    text.split(/[\r\n\u0085\u2028\u2029]+/).map(line => line.split(':')[0] ?? '');
  const expected = names(rdpFile(endpoint, {}));
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.string({ unit: 'binary', maxLength: 30 }),
      (host, user) => {
        expect(names(rdpFile({ ...endpoint, host }, { user }))).toEqual(expected);
      },
    ),
  );
  const text = rdpFile(endpoint, { user: 'x\r\nredirectclipboard:i:1' });
  expect(text.split('\r\n')).not.toContain('redirectclipboard:i:1');
});

/** A computer that has these programs and remembers what was started. */
function computer(platform: Processes['platform'], has: string[]) {
  const { os, dataDirectory } = createTestOs();
  const started: string[][] = [];
  const note = (argv: string[]): void => void started.push(argv);
  const processes: Processes = {
    platform,
    find: async names => names.filter(name => has.includes(name)).map(name => `/bin/${name}`)[0],
    launch: async argv => {
      note(argv);
      return { pid: 1 };
    },
    run: async argv => {
      note(argv);
      return { status: 0, stdout: '', stderr: '' };
    },
  };
  return { os: { ...os, processes }, started, dataDirectory };
}

test('each system’s RDP client is found', async () => {
  expect((await rdpLaunch(computer('win32', ['mstsc']).os, 'f.rdp')).argv).toEqual(['/bin/mstsc', 'f.rdp']);
  expect((await rdpLaunch(computer('darwin', []).os, 'f.rdp')).argv).toEqual(['/usr/bin/open', 'f.rdp']);
  const remmina = await rdpLaunch(computer('linux', ['xfreerdp', 'remmina']).os, 'f.rdp');
  expect(remmina).toMatchObject({ argv: ['/bin/remmina', '-c', 'f.rdp'], asks: false });
  expect(await rdpLaunch(computer('linux', ['xfreerdp']).os, 'f.rdp')).toMatchObject({ asks: true });
  await expect(rdpLaunch(computer('linux', []).os, '/a b.rdp')).rejects.toMatchObject({
    code: 'CLIENT_MISSING',
    fix: expect.stringContaining(`xfreerdp '/a b.rdp'`),
  });
});

test('each system’s terminal gets the words as they are', async () => {
  const argv = ['/usr/bin/ssh', '--', "ho'st; rm"];
  const gnome = computer('linux', ['gnome-terminal', 'xterm']);
  await startInTerminal(gnome.os, argv, '');
  expect(gnome.started).toEqual([['/bin/gnome-terminal', '--', ...argv]]);
  const windows = computer('win32', ['wt', 'conhost']);
  await startInTerminal(windows.os, argv, '');
  expect(windows.started).toEqual([['/bin/wt', 'new-tab', '--', '/usr/bin/ssh', '--', "ho'st\\; rm"]]);
  const mac = computer('darwin', []);
  const script = `${mac.dataDirectory}/x.command`;
  await startInTerminal(mac.os, argv, script);
  expect(mac.started.at(-1)).toEqual(['/usr/bin/open', '-a', 'Terminal', script]);
  expect(await mac.os.files.readText(script)).toBe(`#!/bin/sh\nexec /usr/bin/ssh -- 'ho'\\''st; rm'\n`);
  await expect(startInTerminal(computer('linux', []).os, argv, '')).rejects.toMatchObject({
    code: 'CLIENT_MISSING',
  });
});
