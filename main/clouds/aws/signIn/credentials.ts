/** The credentials of an account: where they begin, and the roles that are taken with them, one after the other. */
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Clock } from '../../../os/ports.ts';
import type { SigningIn } from '../../accountKind.ts';
import { cancelled, untilAborted } from '../../calls.ts';
import { createMemo, type Identity } from './memo.ts';
import { type Chain, chainOf, type Profile, type Profiles } from './profiles.ts';
import { roleRefusal } from './refusals.ts';
import type { SourceDeps } from './sources.ts';

export type Person = Pick<SigningIn, 'ask' | 'question' | 'signal'>;

export interface Signer {
  /** For the SDK's clients; renewed in silence. Throws CLOUD_UNAUTHORIZED when it takes the person. */
  credentials(): Promise<Identity>;
  /** Gets new ones, asking the person where it takes one. */
  signIn(person: Person): Promise<void>;
  /** AWS takes them no more, though they are not over: others are asked for, where that takes nobody. */
  refused(): void;
}

/** A wrong code is asked for again so often. */
const mostCodes = 3;

/** `begin` gives what the chain begins with, in silence; `ask` signs the person in for that, where one can. */
export function createSigner(deps: {
  clock: Clock;
  get: (mfaCode: (device: string) => Promise<string>) => Promise<Identity>;
  ask: ((person: Person) => Promise<void>) | undefined;
  /** New ones can be had without a code of a person's. */
  renews: boolean;
}): Signer {
  let person: Person | undefined;
  let asked = 0;
  const mfaCode = (device: string): Promise<string> => {
    if (person) return person.question({ step: 'mfa-code', device, again: asked++ > 0 });
    throw new LatchkeyError({
      code: 'CLOUD_UNAUTHORIZED',
      message: `AWS wants a code of the MFA device ${device}.`,
      fix: 'Sign in to this account again.',
    });
  };
  const memo = createMemo(deps.clock, () => deps.get(mfaCode));

  /** Cancelling is heard at once, whatever a program or a server is waited for. */
  async function renewed(signal: AbortSignal): Promise<void> {
    const newest = memo.renew();
    newest.catch(() => undefined); // Told below, or nobody is there to be told.
    await Promise.race([newest, untilAborted(signal)]);
    if (signal.aborted) throw cancelled();
  }

  return {
    credentials: () => memo.get(),
    refused() {
      if (deps.renews) memo.clear();
    },
    async signIn(who) {
      person = who;
      asked = 0;
      try {
        for (let isAsked = false; ; ) {
          const before = asked;
          try {
            await renewed(who.signal);
            return;
          } catch (error) {
            if (who.signal.aborted) throw cancelled();
            if (asked > before && asked < mostCodes && isUnauthorized(error)) continue;
            if (isAsked || !deps.ask || asked > before || !isUnauthorized(error)) throw error;
            isAsked = true;
            await deps.ask(who);
          }
        }
      } finally {
        person = undefined;
      }
    },
  };
}

/** Takes the roles of a profile's chain, beginning with what `base` gives. */
export async function takeRoles(
  profiles: Profiles,
  name: string,
  base: (chain: Chain) => Promise<Identity>,
  deps: SourceDeps,
): Promise<Identity> {
  const chain = chainOf(profiles, name);
  let identity = await base(chain);
  for (const role of chain.roles.toReversed()) identity = await takeRole(identity, role, deps);
  return identity;
}

async function takeRole(
  masterCredentials: Identity,
  { name, profile }: { name: string; profile: Profile },
  { inner, mfaCode }: SourceDeps,
): Promise<Identity> {
  const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  const { role_arn: RoleArn = '', external_id: ExternalId, mfa_serial: SerialNumber } = profile;
  const seconds = Number(profile['duration_seconds']);
  try {
    return await fromTemporaryCredentials({
      masterCredentials,
      clientConfig: inner(),
      mfaCodeProvider: mfaCode,
      params: {
        RoleArn,
        RoleSessionName: profile['role_session_name'] ?? 'latchkey',
        ...(ExternalId === undefined ? {} : { ExternalId }),
        ...(SerialNumber === undefined ? {} : { SerialNumber }),
        ...(seconds > 0 ? { DurationSeconds: seconds } : {}),
      },
    })();
  } catch (error) {
    throw roleRefusal(error, RoleArn, name);
  }
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof LatchkeyError && error.code === 'CLOUD_UNAUTHORIZED';
}
