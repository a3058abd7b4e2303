/** An interactive shell: prompt, echo, and just enough line editing that typing feels right. */
import { StringDecoder } from 'node:string_decoder';
import type { ServerChannel } from 'ssh2';
import type { Outcome } from './commands.ts';

/** What a terminal sends for arrow and other function keys. */
const functionKey = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z~]`, 'g');

export interface ShellOptions {
  prompt: string;
  /** With a terminal the shell echoes and ends lines with CR LF; without one it only reads and writes. */
  terminal: boolean;
  /** Runs a line; `last` is the status of the one before. */
  run: (line: string, last: number) => Outcome;
  /** The shell is over, with this status. */
  leave: (status: number) => void;
}

/** Runs a shell on a stream until `exit`, Ctrl-D on an empty line, or the stream's end. */
export function runShell(stream: ServerChannel, { prompt, terminal, run, leave }: ShellOptions): void {
  const decoder = new StringDecoder('utf8');
  const write = (text: string) => stream.write(terminal ? text.replace(/\r?\n/g, '\r\n') : text);
  let typed = '';
  let status = 0;
  let over = false;

  const finish = () => {
    if (over) return;
    over = true;
    leave(status);
  };
  const enter = () => {
    if (terminal) write('\n');
    const outcome = run(typed, status);
    typed = '';
    status = outcome.status;
    write(outcome.text ?? '');
    if (terminal) write(outcome.error ?? '');
    else stream.stderr.write(outcome.error ?? '');
    if (outcome.leave) finish();
    else if (terminal) write(prompt);
  };
  const key = (char: string) => {
    switch (char) {
      case '\r':
      case '\n':
        return enter();
      case '\u0003': // Ctrl-C
        typed = '';
        status = 130;
        return write(`^C\n${prompt}`);
      case '\u0004': // Ctrl-D
        return typed === '' ? finish() : undefined;
      case '\u007f':
      case '\b':
        if (typed === '') return;
        typed = Array.from(typed).slice(0, -1).join('');
        return terminal && write('\b \b');
      default:
        if (char < ' ' && char !== '\t') return;
        typed += char;
        return terminal && write(char);
    }
  };

  if (terminal) write(prompt);
  stream.on('data', (data: Buffer) => {
    // There is no history to go through, so function keys do nothing.
    const text = decoder.write(data).replace(functionKey, '').replaceAll('\r\n', '\r');
    for (const char of text) {
      if (over) return;
      key(char);
    }
  });
  stream.on('end', finish);
}
