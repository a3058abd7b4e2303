/**
 * Where services are, if not at their usual addresses
 * (docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html): what the person told, then the `[services …]`
 * section of the profile, then its `endpoint_url`.
 */
import { bad, type Profile, type Profiles } from './profiles.ts';

/** As AWS writes service ids in its configuration files. */
export type ServiceId =
  | 'ec2'
  | 'ec2_instance_connect'
  | 'cloudtrail'
  | 'iam'
  | 'scheduler'
  | 'sts'
  | 'sso'
  | 'sso_oidc';

export type Endpoints = (service: ServiceId) => string | undefined;

/** `told`: by service id, `all` for every other. Throws BAD_INPUT for an address that is none. */
export function endpointsOf(
  told: Readonly<Record<string, string>>,
  profiles: Profiles | undefined,
  profile: Profile,
): Endpoints {
  const ignored = profile['ignore_configured_endpoint_urls']?.toLowerCase() === 'true';
  const section =
    !ignored && profiles && profile['services'] !== undefined ? profiles.services(profile['services']) : {};
  return service => {
    const url =
      told[service] ??
      told['all'] ??
      section[`${service}.endpoint_url`] ??
      (ignored ? undefined : profile['endpoint_url']);
    return url === undefined ? undefined : checked(url);
  };
}

function checked(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed && ['https:', 'http:'].includes(parsed.protocol)) return url;
  throw bad(`“${url}” is no address of a service.`);
}

/** Of a service that hands out credentials: in plain text only on this computer. Throws BAD_INPUT. */
export function confidential(url: string | undefined): string | undefined {
  if (url === undefined || /^https:|^http:\/\/(localhost|127(\.\d+){3}|\[::1\])(?=[:/]|$)/.test(url))
    return url;
  throw bad(
    `${url} is not encrypted: the credentials it gives would be readable on the way.`,
    'Use its https address; http is for this computer alone.',
  );
}
