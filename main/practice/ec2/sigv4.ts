/**
 * Checks AWS Signature Version 4 (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 * Own code: the known libraries sign what they are about to send and choose the headers themselves; a server has to
 * sign again exactly what the client says it signed.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface SignedRequest {
  method: string;
  /** Path with query, as received. */
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** What the Authorization header says. */
export interface Signature {
  keyId: string;
  /** yyyymmdd */
  date: string;
  region: string;
  service: string;
  signedHeaders: string[];
  /** Hex. */
  value: string;
  /** yyyymmddThhmmssZ */
  time: string;
}

const form =
  /^AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]{64})$/;

/** Reads the Authorization and x-amz-date headers; undefined if there is no signature to read. */
export function readSignature(headers: SignedRequest['headers']): Signature | undefined {
  const [, keyId, date, region, service, signed, value] = form.exec(one(headers.authorization)) ?? [];
  const time = one(headers['x-amz-date']);
  if (!keyId || !date || !region || !service || !signed || !value) return undefined;
  if (!/^\d{8}T\d{6}Z$/.test(time)) return undefined;
  return { keyId, date, region, service, signedHeaders: signed.split(';'), value, time };
}

/** When the request says it was signed, epoch milliseconds. */
export function signedAt(signature: Signature): number {
  return Date.parse(
    signature.time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
}

/** True if the secret key makes the same signature over this request, and the signature covers what it must. */
export function isSignedBy(secret: string, request: SignedRequest, signature: Signature): boolean {
  const { date, region, service, signedHeaders, time } = signature;
  if (!signedHeaders.includes('host') || !time.startsWith(date)) return false;
  const bodyHash = sha256(request.body);
  const told = one(request.headers['x-amz-content-sha256']);
  if (told !== '' && told !== bodyHash) return false;

  const [path = '/', query = ''] = request.url.split('?', 2);
  const canonical = [
    request.method,
    canonicalPath(path),
    canonicalQuery(query),
    ...signedHeaders.map(name => `${name}:${one(request.headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders.join(';'),
    bodyHash,
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const part of [date, region, service, 'aws4_request', toSign]) {
    key = createHmac('sha256', key).update(part).digest();
  }
  return timingSafeEqual(key, Buffer.from(signature.value, 'hex'));
}

/** Every service but S3 encodes the path once more. */
function canonicalPath(path: string): string {
  return path.split('/').map(encode).join('/');
}

function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}

function one(header: string | string[] | undefined): string {
  return Array.isArray(header) ? header.join(',') : (header ?? '');
}
