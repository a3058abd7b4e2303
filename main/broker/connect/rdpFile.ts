/** A complete .rdp file: what mstsc, Windows App, FreeRDP and Remmina read. Its lines are `name:type:value`. */
import type { ConnectionSettings } from '../../../shared/contract/connect.ts';
import type { Endpoint } from '../../../shared/contract/vms.ts';

/**
 * The text, CRLF lines. Passwords are asked for by the client; the server must prove who it is or the client asks
 * (authentication level 2); nothing of this computer is shared with the machine unless the person changes it there.
 */
export function rdpFile(endpoint: Endpoint, settings: Pick<ConnectionSettings, 'user'>): string {
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  const lines: [string, 'i' | 's', string | number][] = [
    ['full address', 's', `${host}:${endpoint.hostPort}`],
    ['username', 's', settings.user ?? ''],
    ['prompt for credentials', 'i', 1],
    ['authentication level', 'i', 2],
    ['enablecredsspsupport', 'i', 1],
    ['negotiate security layer', 'i', 1],
    ['gatewayusagemethod', 'i', 0],
    ['screen mode id', 'i', 1],
    ['desktopwidth', 'i', 1440],
    ['desktopheight', 'i', 900],
    ['dynamic resolution', 'i', 1],
    ['smart sizing', 'i', 1],
    ['use multimon', 'i', 0],
    ['session bpp', 'i', 32],
    ['compression', 'i', 1],
    ['networkautodetect', 'i', 1],
    ['bandwidthautodetect', 'i', 1],
    ['autoreconnection enabled', 'i', 1],
    ['redirectclipboard', 'i', 0],
    ['redirectprinters', 'i', 0],
    ['redirectcomports', 'i', 0],
    ['redirectsmartcards', 'i', 0],
    ['redirectwebauthn', 'i', 0],
    ['redirectlocation', 'i', 0],
    ['audiomode', 'i', 2],
    ['audiocapturemode', 'i', 0],
    ['drivestoredirect', 's', ''],
    ['devicestoredirect', 's', ''],
    ['usbdevicestoredirect', 's', ''],
    ['camerastoredirect', 's', ''],
  ];
  return lines.map(([name, type, value]) => `${name}:${type}:${oneLine(String(value))}\r\n`).join('');
}

/** A value can't begin a line of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '');
}
