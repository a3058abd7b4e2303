/** Per-VM connection settings: checked when they are set, so that nothing in them can become an option or a second line. */
import { type ConnectionSettings, connectionSettings } from '../../../shared/contract/connect.ts';
import { isSafeHost, isSafeUser } from '../../../shared/domain/hostile.ts';
import type { VmId } from '../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Database } from '../../os/ports.ts';

export interface ConnectionSettingsStore {
  get(vm: VmId): ConnectionSettings;
  /** Replaces a VM's settings. Throws BAD_INPUT that names the field. */
  set(vm: VmId, settings: ConnectionSettings): ConnectionSettings;
}

export function createConnectionSettings(db: Database): ConnectionSettingsStore {
  return {
    get(vm) {
      const row = db.get('SELECT settings FROM connection WHERE vm = ?', vm);
      return row ? connectionSettings.parse(JSON.parse(String(row.settings))) : {};
    },
    set(vm, settings) {
      const checked = checkSettings(settings);
      if (Object.keys(checked).length === 0) db.run('DELETE FROM connection WHERE vm = ?', vm);
      else {
        db.run('INSERT OR REPLACE INTO connection (vm, settings) VALUES (?, ?)', vm, JSON.stringify(checked));
      }
      return checked;
    },
  };
}

/** The settings without empty fields. Throws BAD_INPUT. */
export function checkSettings(settings: ConnectionSettings): ConnectionSettings {
  const given = Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined && value !== '' && value !== false),
  ) as ConnectionSettings;
  const { user, keyFile, address, jumpHost } = given;
  if (user !== undefined && !isSafeUser(user)) throw bad('user name', user);
  if (address !== undefined && !isSafeHost(address)) throw bad('address', address);
  if (keyFile !== undefined && !isPath(keyFile)) throw bad('path of a key file', keyFile);
  if (jumpHost !== undefined && !isJumpHost(jumpHost)) throw bad('jump host', jumpHost);
  return given;
}

/** Absolute or from the home directory, on one line. */
function isPath(text: string): boolean {
  return /^(?:\/|~\/|[a-z]:[\\/])/i.test(text) && !/\p{Cc}/u.test(text);
}

/** `[user@]host[:port]`, IPv6 in brackets; several with commas, as ssh's -J takes them. */
function isJumpHost(text: string): boolean {
  return text.split(',').every(one => {
    const at = one.lastIndexOf('@');
    const user = at < 0 ? undefined : one.slice(0, at);
    const [, bracketed, plain, port] =
      /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(one.slice(at + 1)) ?? [];
    const host = bracketed ?? plain ?? '';
    return (
      (user === undefined || isSafeUser(user)) &&
      isSafeHost(host) &&
      (port === undefined || (Number(port) >= 1 && Number(port) <= 65535))
    );
  });
}

function bad(what: string, value: string): LatchkeyError {
  return new LatchkeyError({
    code: 'BAD_INPUT',
    message: `“${value.slice(0, 80)}” can’t be used as a ${what}.`,
  });
}
