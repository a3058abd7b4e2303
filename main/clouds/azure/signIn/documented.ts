/** Where msal leaves what is documented of device codes (RFC 8628), and other providers than Entra do not. */

/** Seconds between two questions whether a code was typed, where the authority names none (RFC 8628 section 3.2). */
const usualInterval = 5;

/**
 * A question for the token of a device code by the name that RFC 8628 and Entra's documents have for it: msal uses a short
 * one, which only Entra knows (learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code).
 */
export function asDocumented(body: string): string {
  return body.replace(
    /(^|&)grant_type=device_code(?=&|$)/,
    '$1grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code',
  );
}

/** msal asks without a pause where an authority names no interval. */
export function withInterval(body: unknown): Record<string, unknown> {
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  return 'device_code' in fields && !('interval' in fields) ? { ...fields, interval: usualInterval } : fields;
}
