/** Whose is the other end of a TCP connection inside this computer? */
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

/**
 * The id of the user whose process holds the other end of a loopback connection, from Linux' tables of sockets
 * (proc_pid_net(5)). Undefined where the system does not tell, or the connection is gone.
 */
export async function userAtOtherEnd(socket: Socket): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  // Seen from the other end, our address is the remote one.
  const [from, to] = [socket.remotePort, socket.localPort].map(port =>
    (port ?? 0).toString(16).toUpperCase().padStart(4, '0'),
  );
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const rows = (await readFile(table, 'latin1').catch(() => '')).split('\n');
    for (const row of rows) {
      const [, local, remote, , , , , user] = row.trim().split(/\s+/);
      if (isLoopback(local, from) && isLoopback(remote, to)) return Number(user);
    }
  }
  return undefined;
}

/** 127.0.0.1 as the kernel writes it (each 32 bits in the processor's order), also mapped into IPv6. */
function isLoopback(address: string | undefined, port: string | undefined): boolean {
  const [host = '', its] = (address ?? '').split(':');
  return its === port && /^(?:0{16}(?:FFFF0000|0000FFFF))?(?:0100007F|7F000001)$/.test(host);
}
