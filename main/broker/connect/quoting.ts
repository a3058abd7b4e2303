/** Words for shells and for ssh's configuration. Nothing here is ever run through a shell by us but a macOS .command file. */

/** One word of a POSIX shell (IEEE 1003.1, section 2.2.2). */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_/:=.,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** One argument on a Windows command line (learn: “Parsing C command-line arguments”). */
export function windowsWord(text: string): string {
  if (/^[A-Za-z0-9_/:=.,@+\\-]+$/.test(text)) return text;
  return `"${text.replaceAll(/(?<!\\)(\\*)"/g, '$1$1\\"').replace(/(?<!\\)(\\+)$/, '$1$1')}"`;
}

/** A command a person can type to do the same by hand. */
export function commandLine(argv: string[], platform: 'linux' | 'darwin' | 'win32'): string {
  return argv.map(platform === 'win32' ? windowsWord : shellWord).join(' ');
}

/**
 * A path as a value in ssh_config(5), where words may be quoted with double quotes and `%` begins a token. ssh takes
 * forward slashes on Windows too.
 */
export function sshPath(path: string, platform: 'linux' | 'darwin' | 'win32'): string {
  const plain = platform === 'win32' ? path.replaceAll('\\', '/') : path.replaceAll('\\', '\\\\');
  return `"${plain.replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
}
