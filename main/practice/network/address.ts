/** Where a connection comes from, as the emulated rules are to be asked. */
import ipaddr from 'ipaddr.js';

/** A socket's remote address without a zone, and IPv4 never in its IPv6 clothes (`::ffff:127.0.0.1`). */
export function plainAddress(remote: string): string {
  const [address = ''] = remote.split('%');
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;
}
