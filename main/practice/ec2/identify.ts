/** Who sends this request: the access key behind its signature. */
import { AwsError } from './errors.ts';
import { isSignedBy, readSignature, type Signature, type SignedRequest, signedAt } from './sigv4.ts';
import type { AccessKey, World } from './world.ts';
import { isService, type Service } from './xml.ts';

/** A signature may be this old or this far ahead, milliseconds. */
const skewMs = 15 * 60_000;

/** The service a request is signed for; `ec2` where it says none that is known. */
export function serviceOf(headers: SignedRequest['headers']): Service {
  const service = readSignature(headers)?.service ?? '';
  return isService(service) ? service : 'ec2';
}

/**
 * The key a request is signed with, its account, and the signature. Throws the error its service has for a missing signature, an
 * unknown key, a wrong signature, a wrong clock, and a session that is over.
 */
export function identify(
  organization: World[],
  request: SignedRequest,
): { key: AccessKey; signature: Signature; world: World } {
  const service = serviceOf(request.headers);
  const signature = readSignature(request.headers);
  if (!signature) {
    throw refusal(service, 'MissingAuthenticationToken', 'Request is missing Authentication Token');
  }
  const world = organization.find(({ keys }) => keys.has(signature.keyId));
  const key = world?.keys.get(signature.keyId);
  if (!world || !key) throw unknownKey(service);
  if (!isSignedBy(key.secret, request, signature)) {
    if (service === 'ec2') throw unknownKey(service);
    throw refusal(
      service,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided.',
    );
  }
  const apart = signedAt(signature) - world.now();
  if (!(Math.abs(apart) <= skewMs)) {
    const code = service === 'ec2' ? 'RequestExpired' : 'SignatureDoesNotMatch';
    const why = `Signature not current: ${signature.time} is too far from the time of the service.`;
    throw refusal(service, code, why);
  }
  const token = request.headers['x-amz-security-token'];
  if (key.session && token !== key.session.token) throw unknownKey(service);
  if (key.session && world.now() >= key.session.ends) {
    const code = service === 'ec2' ? 'RequestExpired' : 'ExpiredToken';
    throw refusal(service, code, 'The security token included in the request is expired');
  }
  return { key, signature, world };
}

function unknownKey(service: Service): AwsError {
  if (service === 'ec2') {
    return new AwsError('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
  }
  return refusal(service, 'InvalidClientTokenId', 'The security token included in the request is invalid.');
}

/** What the services that speak JSON call what the older ones call otherwise. */
const jsonCodes: Record<string, string> = {
  InvalidClientTokenId: 'UnrecognizedClientException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  ExpiredToken: 'ExpiredTokenException',
  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
};

/** A refusal under the name that the service has for it. */
function refusal(service: Service, code: string, message: string): AwsError {
  const isXml = service === 'ec2' || service === 'sts' || service === 'iam';
  return new AwsError(isXml ? code : (jsonCodes[code] ?? code), message, 403);
}
