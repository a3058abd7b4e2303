/** Who may do what, and the tokens that prove it: JWTs with the claims Azure's have. */
import { createSecretKey, randomBytes } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { ArmError } from './errors.ts';
import { guidOf, tenantId } from './world.ts';

export const userNames = ['admin', 'viewer'] as const;
export type UserName = (typeof userNames)[number];

export interface Caller {
  user: UserName;
  upn: string;
  oid: string;
  /** Of the token: what the activity log tells of the caller. */
  claims?: Record<string, string> | undefined;
}

/** A practice cloud is started for an afternoon and may stay for weeks: its tokens live as long. Seconds. */
export const tokenSeconds = 30 * 86_400;

export class Tokens {
  #key = createSecretKey(randomBytes(32));
  #now: () => number;

  /** `now`: the cloud's clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A token for one of the practice users. `issuer`: base address of the sign-in service. */
  mint(user: UserName, issuer: string, extra: JWTPayload = {}): Promise<string> {
    const seconds = Math.floor(this.#now() / 1000);
    const { upn, oid } = callerOf(user);
    const name = user === 'admin' ? 'Practice Admin' : 'Practice Viewer';
    return new SignJWT({ tid: tenantId, oid, upn, unique_name: upn, name, ver: '1.0', ...extra })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(issuer)
      .setSubject(oid)
      .setAudience((extra.aud as string | undefined) ?? 'https://management.azure.com/')
      .setIssuedAt(seconds)
      .setNotBefore(seconds - 300)
      .setExpirationTime(seconds + tokenSeconds)
      .sign(this.#key);
  }

  /** The caller behind an Authorization header. Throws 401 as ARM does. */
  async check(header: string | undefined): Promise<Caller> {
    if (header === undefined)
      throw new ArmError(
        401,
        'AuthenticationFailed',
        "Authentication failed. The 'Authorization' header is missing.",
      );
    const token = /^Bearer (\S+)$/i.exec(header)?.[1];
    if (token === undefined) throw invalidToken();
    try {
      const { payload } = await jwtVerify(token, this.#key, { currentDate: new Date(this.#now()) });
      const user = userNames.find(name => callerOf(name).upn === payload['upn']);
      if (!user) throw invalidToken();
      return { ...callerOf(user), claims: claimsOf(payload) };
    } catch (error) {
      if (error instanceof errors.JWTExpired)
        throw new ArmError(
          401,
          'ExpiredAuthenticationToken',
          'The access token expiry UTC time is earlier than now.',
        );
      throw invalidToken();
    }
  }
}

export function callerOf(user: UserName): Caller {
  return { user, upn: `${user}@contoso.example`, oid: guidOf(`user ${user}`) };
}

/** As the activity log writes them: `ipaddr`, `appid` and the like, and the names with long names. */
function claimsOf(payload: JWTPayload): Record<string, string> {
  const claims = Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, String(value)]));
  const upn = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn';
  return claims['upn'] === undefined ? claims : { ...claims, [upn]: claims['upn'] };
}

function invalidToken(): ArmError {
  return new ArmError(401, 'InvalidAuthenticationToken', 'The access token is invalid.');
}
