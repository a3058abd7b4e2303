/** The tokens that prove who somebody is: JWTs with the claims Azure's have. */
import { createSecretKey, randomBytes } from 'node:crypto';
import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose';
import { ArmError } from './errors.ts';
import type { Caller, People } from './rights/people.ts';
import { tenantId } from './world.ts';

/** A practice cloud is started for an afternoon and may stay for weeks: its tokens live as long. Seconds. */
export const tokenSeconds = 30 * 86_400;

/** Somebody else who signs people in here: a practice user by their `upn`. */
export interface TrustedIssuer {
  issuer: string;
  keys: JSONWebKeySet;
  /** What a genuine token lacks: nothing, its being good any more, or claims that a challenge then asks for. */
  judge?: (payload: JWTPayload) => undefined | 'revoked' | { claims: object };
}

export class Tokens {
  #key = createSecretKey(randomBytes(32));
  #now: () => number;
  #people: People;
  #trusted: TrustedIssuer | undefined;

  /** `now`: the cloud's clock. */
  constructor(now: () => number, people: People, trusted?: TrustedIssuer) {
    this.#now = now;
    this.#people = people;
    this.#trusted = trusted;
  }

  /** A token for one of the practice users (made by this where there is none of that name). `issuer`: base address of the sign-in service. */
  mint(user: string, issuer: string, extra: JWTPayload = {}): Promise<string> {
    const seconds = Math.floor(this.#now() / 1000);
    const { upn, oid, name } = this.#people.add(user);
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
      const payload = await this.#verify(token);
      const caller = this.#people.find(String(payload['upn']));
      if (!caller) throw invalidToken();
      return { ...caller, claims: claimsOf(payload) };
    } catch (error) {
      if (error instanceof ClaimsWanted) throw error;
      if (error instanceof errors.JWTExpired)
        throw new ArmError(
          401,
          'ExpiredAuthenticationToken',
          'The access token expiry UTC time is earlier than now.',
        );
      throw invalidToken();
    }
  }

  async #verify(token: string): Promise<JWTPayload> {
    const currentDate = new Date(this.#now());
    const trusted = this.#trusted;
    if (trusted === undefined || decodeJwt(token).iss !== trusted.issuer)
      return (await jwtVerify(token, this.#key, { currentDate })).payload;
    const keys = createLocalJWKSet(trusted.keys);
    const { payload } = await jwtVerify(token, keys, { currentDate, issuer: trusted.issuer });
    const lack = trusted.judge?.(payload);
    if (lack === 'revoked') throw invalidToken();
    if (lack !== undefined) throw new ClaimsWanted(lack.claims);
    return payload;
  }
}

/** A token that is good, and proves too little (learn.microsoft.com/entra/identity-platform/claims-challenge). */
export class ClaimsWanted extends ArmError {
  /** For `WWW-Authenticate`. */
  readonly challenge: string;

  constructor(claims: object) {
    super(401, 'InvalidAuthenticationToken', 'The access token proves too little: see WWW-Authenticate.');
    const wanted = Buffer.from(JSON.stringify(claims)).toString('base64');
    this.challenge = `Bearer realm="", authorization_uri="https://localhost/adfs", error="insufficient_claims", claims="${wanted}"`;
  }
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
