/** Who a token belongs to, by its own claims. */

/**
 * Reads the claims of a JWT without checking its signature (the cloud does; we only want the name to show): `user` is
 * what stands in rule descriptions, `name` what a person reads.
 */
export function whoIs(token: string): { user: string; name: string } {
  const claims = claimsOf(token);
  const claim = (key: string) => {
    const value = claims[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const user =
    claim('upn') ??
    claim('preferred_username') ??
    claim('unique_name') ??
    claim('appid') ??
    claim('oid') ??
    'unknown';
  return { user, name: claim('name') ?? user };
}

/** The claims of a JWT, unchecked; none for any other token. */
export function claimsOf(token: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    // An opaque token: the cloud takes it all the same, only the name is not known.
    return {};
  }
}
