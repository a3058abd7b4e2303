/** The few commands a practice machine knows. All is computed here: nothing of this computer is run or told. */
import type { PracticeMachine } from '../machine.ts';

export interface Session {
  machine: PracticeMachine;
  user: string;
  env: ReadonlyMap<string, string>;
  /** When the machine is said to have started, epoch milliseconds. */
  startedAt: number;
  now: number;
}

/** `text` goes to stdout, `error` to stderr, each with its line end; `leave` ends an interactive shell. */
export interface Outcome {
  status: number;
  text?: string;
  error?: string;
  leave?: boolean;
}

/**
 * Runs one command line; parts that stand after `;` or `&&` too. Unknown commands end with 127, as in any shell.
 * `last` is the status of the line before.
 */
export function run(line: string, session: Session, last = 0): Outcome {
  let all: Outcome = { status: last };
  for (const [, joint = '', command = ''] of line.matchAll(/(;|&&|^)((?:'[^']*'|"[^"]*"|(?!&&)[^;'"])*)/g)) {
    if (joint === '&&' && all.status !== 0) continue;
    const words = [...command.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => unquote(word));
    if (words.length === 0) continue;
    const next = runWords(words, session, all.status);
    all = {
      ...next,
      text: (all.text ?? '') + (next.text ?? ''),
      error: (all.error ?? '') + (next.error ?? ''),
    };
    if (next.leave) return all;
  }
  return all;
}

function unquote(word: string): string {
  return word.replace(
    /'([^']*)'|"([^"]*)"/g,
    (_all, single?: string, double?: string) => single ?? double ?? '',
  );
}

function runWords([name = '', ...args]: string[], session: Session, last: number): Outcome {
  const { machine, user } = session;
  switch (name) {
    case 'hostname':
      return line(machine.hostName);
    case 'whoami':
      return line(user);
    case 'id':
      return line(`uid=1000(${user}) gid=1000(${user}) groups=1000(${user})`);
    case 'pwd':
      return line(`/home/${user}`);
    case 'uname':
      return line(
        args[0] === '-a' ? `Linux ${machine.hostName} 6.1.0-practice #1 SMP x86_64 GNU/Linux` : 'Linux',
      );
    case 'uptime':
      return line(uptime(session));
    case 'echo':
      return line(args.map(word => expand(word, session, last)).join(' '));
    case 'env':
      return { status: 0, text: [...session.env].map(([key, value]) => `${key}=${value}\n`).join('') };
    case 'true':
    case ':':
      return { status: 0 };
    case 'false':
      return { status: 1 };
    case 'exit':
    case 'logout':
      return { status: /^\d{1,3}$/.test(args[0] ?? '') ? Number(args[0]) & 255 : last, leave: true };
    default:
      return { status: 127, error: `-bash: ${name}: command not found\n` };
  }
}

function line(text: string): Outcome {
  return { status: 0, text: `${text}\n` };
}

function expand(word: string, { user, machine, env }: Session, last: number): string {
  const known: Record<string, string> = { USER: user, HOSTNAME: machine.hostName, HOME: `/home/${user}` };
  return word.replace(/\$(\?|\w+)/g, (_all, name: string) =>
    name === '?' ? String(last) : (env.get(name) ?? known[name] ?? ''),
  );
}

function uptime({ now, startedAt }: Session): string {
  const minutes = Math.max(0, Math.floor((now - startedAt) / 60_000));
  const clock = new Date(now).toISOString().slice(11, 19);
  const up = `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
  return ` ${clock} up ${up},  1 user,  load average: 0.00, 0.01, 0.00`;
}
