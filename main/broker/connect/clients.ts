/** Which programs open a connection on each system: the table of RDP clients and terminals, and starting them. */
import type { Launch } from '../../../shared/contract/connect.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Os } from '../../os/ports.ts';
import { commandLine, shellWord } from './quoting.ts';

type System = Pick<Os, 'processes' | 'files'>;

/** A program and how it takes a command to run in a window. */
interface Terminal {
  names: string[];
  arguments: (argv: string[]) => string[];
}

/** What the system or the desktop chose first, the plain ones last. */
const linuxTerminals: Terminal[] = [
  { names: ['x-terminal-emulator'], arguments: argv => ['-e', ...argv] },
  { names: ['gnome-terminal', 'kgx', 'ptyxis', 'mate-terminal'], arguments: argv => ['--', ...argv] },
  { names: ['konsole', 'alacritty'], arguments: argv => ['-e', ...argv] },
  { names: ['xfce4-terminal'], arguments: argv => ['-x', ...argv] },
  { names: ['kitty', 'foot'], arguments: argv => argv },
  { names: ['wezterm'], arguments: argv => ['start', '--', ...argv] },
  { names: ['urxvt', 'xterm'], arguments: argv => ['-e', ...argv] },
];

const windowsTerminals: Terminal[] = [
  // Windows Terminal takes `;` for the end of a command.
  { names: ['wt'], arguments: argv => ['new-tab', '--', ...argv.map(word => word.replaceAll(';', '\\;'))] },
  { names: ['conhost'], arguments: argv => argv },
];

/** RDP clients on Linux that read a .rdp file, in order of preference; those with `asks` want a terminal for the password. */
const linuxRdp: { names: string[]; arguments: (file: string) => string[]; asks: boolean }[] = [
  { names: ['remmina'], arguments: file => ['-c', file], asks: false },
  { names: ['sdl-freerdp3', 'sdl-freerdp'], arguments: file => [file], asks: false },
  { names: ['xfreerdp3', 'xfreerdp', 'wlfreerdp3', 'wlfreerdp'], arguments: file => [file], asks: true },
];

/** The system's ssh. Throws CLIENT_MISSING; `byHand` is what a person could run elsewhere. */
export async function findSsh(os: System, byHand: (ssh: string) => string[]): Promise<string> {
  const ssh = await os.processes.find(['ssh']);
  if (ssh !== undefined) return ssh;
  throw new LatchkeyError({
    code: 'CLIENT_MISSING',
    message: 'There is no ssh on this computer.',
    fix: `Install OpenSSH, or run by hand: ${commandLine(byHand('ssh'), os.processes.platform)}`,
    detail: { argv: byHand('ssh') },
  });
}

/** The program that a connection of this kind would be started with. Throws CLIENT_MISSING. */
export async function clientProgram(os: System, kind: 'ssh' | 'rdp'): Promise<string> {
  if (kind === 'ssh') return findSsh(os, ssh => [ssh]);
  const [program = ''] = (await rdpLaunch(os, '')).argv;
  return program;
}

/** What opens a .rdp file here. Throws CLIENT_MISSING with the command to run by hand. */
export async function rdpLaunch(os: System, file: string): Promise<Launch & { asks: boolean }> {
  const { platform } = os.processes;
  switch (platform) {
    case 'win32': {
      const mstsc = await os.processes.find(['mstsc']);
      if (mstsc !== undefined) return { argv: [mstsc, file], file, asks: false };
      throw rdpMissing(
        'Remote Desktop Connection (mstsc) is not on this computer.',
        ['mstsc', file],
        platform,
      );
    }
    case 'darwin':
      // The system's own way to say “this file, in its app”: Windows App registers .rdp.
      return { argv: ['/usr/bin/open', file], file, asks: false };
    case 'linux':
      for (const client of linuxRdp) {
        const path = await os.processes.find(client.names);
        if (path !== undefined) return { argv: [path, ...client.arguments(file)], file, asks: client.asks };
      }
      throw rdpMissing(
        'No RDP client was found: Remmina and FreeRDP are known.',
        ['xfreerdp', file],
        platform,
      );
  }
}

/** Starts a program in a window of the person's terminal. Throws CLIENT_MISSING, CLIENT_FAILED. */
export async function startInTerminal(os: System, argv: string[], scriptPath: string): Promise<void> {
  const { platform } = os.processes;
  if (platform === 'darwin') {
    await os.files.writeText(scriptPath, `#!/bin/sh\nexec ${argv.map(shellWord).join(' ')}\n`);
    await os.processes.run(['/bin/chmod', '700', scriptPath], { timeoutMs: 5_000 });
    await os.processes.launch(['/usr/bin/open', '-a', 'Terminal', scriptPath]);
    return;
  }
  for (const terminal of platform === 'win32' ? windowsTerminals : linuxTerminals) {
    for (const name of terminal.names) {
      const path = await os.processes.find([name]);
      if (path === undefined) continue;
      await os.processes.launch([path, ...terminal.arguments(argv)]);
      return;
    }
  }
  throw new LatchkeyError({
    code: 'CLIENT_MISSING',
    message: 'No terminal was found to open ssh in.',
    fix: `The port is open. Run by hand: ${commandLine(argv, platform)}`,
  });
}

function rdpMissing(message: string, argv: string[], platform: 'linux' | 'win32'): LatchkeyError {
  return new LatchkeyError({
    code: 'CLIENT_MISSING',
    message,
    fix: `The port is open. Install one, or run by hand: ${commandLine(argv, platform)}`,
    detail: { argv },
  });
}
