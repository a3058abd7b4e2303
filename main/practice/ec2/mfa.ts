/** MFA devices of the practice AWS: codes of six digits that change every half minute (RFC 6238), each good once. */
import { createHmac } from 'node:crypto';
import { AwsError } from './errors.ts';
import type { Params } from './query.ts';
import type { MfaDevice, World } from './world.ts';

const stepMs = 30_000;

/** The code that the device shows at an instant. */
export function mfaCodeAt(device: MfaDevice, now: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / stepMs)));
  const mac = createHmac('sha1', device.secret).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(at) & 0x7f_ff_ff_ff) % 1_000_000).padStart(6, '0');
}

/**
 * Did who asks show a code of a device (`SerialNumber`, `TokenCode`)? False where none is named. Throws AccessDenied for
 * a device of nobody here and for a wrong code.
 */
export function shownCode(world: World, params: Params): boolean {
  const serial = params.text('SerialNumber');
  if (serial === undefined) return false;
  const device = world.mfa.get(serial);
  const code = params.text('TokenCode') ?? '';
  if (!device || !takeCode(device, code, world.now()))
    throw new AwsError(
      'AccessDenied',
      'MultiFactorAuthentication failed with invalid MFA one time pass code.',
      403,
    );
  return true;
}

/** Takes a code of now or just before, if nobody has used it yet. */
function takeCode(device: MfaDevice, code: string, now: number): boolean {
  for (const at of [now, now - stepMs]) {
    const step = Math.floor(at / stepMs);
    if (step > device.usedStep && mfaCodeAt(device, at) === code) {
      device.usedStep = step;
      return true;
    }
  }
  return false;
}
