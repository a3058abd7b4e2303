/** A machine's SSH server. Any user gets in: what guards a practice machine is the gate in front of it. */
import ssh2, {
  type AuthContext,
  type Connection,
  type ServerChannel,
  type Session as SshSession,
} from 'ssh2';
import type { PracticeMachine } from '../machine.ts';
import type { Serve } from '../network/listeners.ts';
import { run } from './commands.ts';
import { runShell } from './shell.ts';

/** Serves SSH with the machine's host key, which is only asked for when somebody connects. */
export function serveSsh(machine: PracticeMachine, hostKey: () => string): Serve {
  let server: ssh2.Server | undefined;
  const startedAt = Date.now();
  return socket => {
    server ??= new ssh2.Server({ hostKeys: [hostKey()], ident: 'OpenSSH_9.6-practice' }, client =>
      welcome(client, machine, startedAt),
    );
    server.injectSocket(socket);
  };
}

function welcome(client: Connection, machine: PracticeMachine, startedAt: number): void {
  let user = '';
  // A client that breaks off or speaks nonsense is its own affair; ssh2 closes the connection.
  client.on('error', () => client.end());
  client.on('authentication', auth => {
    user = auth.username;
    authenticate(auth, machine);
  });
  client.on('session', accept => serveSession(accept(), machine, () => user, startedAt));
  client.on('tcpip', (_accept, reject) => reject());
  client.on('openssh.streamlocal', (_accept, reject) => reject());
  client.on('request', (_accept, reject) => reject?.());
}

/** Takes `none`, any password, and any key whose signature is right; some machines only a key that was put on them. */
function authenticate(auth: AuthContext, machine: PracticeMachine): void {
  const only = machine.onlyKeys?.() === true;
  if (only && auth.method !== 'publickey') return auth.reject(['publickey']);
  if (auth.method === 'none' || auth.method === 'password') return auth.accept();
  if (auth.method !== 'publickey') return auth.reject(['none', 'password', 'publickey']);
  const key = ssh2.utils.parseKey(auth.key.data);
  if (key instanceof Error) return auth.reject(['none', 'password', 'publickey']);
  if (only && machine.takesKey?.(auth.username, auth.key.data.toString('base64')) !== true)
    return auth.reject(['publickey']);
  const { signature, blob } = auth;
  const proven = !signature || (blob && key.verify(blob, signature, auth.hashAlgo) === true);
  if (proven) auth.accept();
  else auth.reject(['none', 'password', 'publickey']);
}

function serveSession(
  session: SshSession,
  machine: PracticeMachine,
  user: () => string,
  startedAt: number,
): void {
  const env = new Map<string, string>();
  let terminal = false;
  const perform = (line: string, last?: number) =>
    run(line, { machine, user: user(), env, startedAt, now: Date.now() }, last);

  session.on('env', (accept, _reject, { key, val }) => {
    if (env.size < 64) env.set(key, val);
    accept?.();
  });
  session.on('pty', accept => {
    terminal = true;
    accept?.();
  });
  session.on('window-change', accept => accept?.());
  session.on('signal', accept => accept?.());
  session.on('x11', (_accept, reject) => reject?.());
  session.on('auth-agent', (_accept, reject) => reject?.());
  session.on('sftp', (_accept, reject) => reject());
  session.on('subsystem', (_accept, reject) => reject());
  session.on('exec', (accept, _reject, { command }) => {
    const channel = accept();
    const { status, text, error } = perform(command);
    if (text) channel.write(text);
    if (error) channel.stderr.write(error);
    close(channel, status);
  });
  session.on('shell', accept => {
    const channel = accept();
    const prompt = `${user()}@${machine.hostName}:~$ `;
    runShell(channel, { prompt, terminal, run: perform, leave: status => close(channel, status) });
  });
}

function close(channel: ServerChannel, status: number): void {
  channel.exit(status);
  channel.end();
}
