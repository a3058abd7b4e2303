/** Taking out of a log line whatever looks like a secret, wherever it stands. */

const gone = '[redacted]';

/** A JSON member (also inside a string of JSON) whose name says that its value is secret. */
const namedSecret =
  /(\\*")([\w.-]*(?:token|secret|password|passphrase|authorization|cookie|credential|private_?key|access_?key|api_?key|session_?key|signature)[\w.-]*)\1(\s*:\s*)\1(?:[^"\\]|\\(?!\1)[^"]|\\\\)*?\1/gi;

/** Values that are secrets by their own form. */
const secretForms: RegExp[] = [
  // PEM private keys, with real or escaped line ends.
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  // JSON web tokens (RFC 7519): three base64url pieces, the first an object.
  /\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?/g,
  // AWS access key ids and the secrets that stand beside them in query strings and headers.
  /\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g,
  /\b(?:Bearer|Basic)\s+[\w+/=.~-]{6,}/gi,
  /\b(?:sig|signature|code|access_token|refresh_token|client_secret|x-amz-security-token|x-amz-signature|t)=[\w%+/=.~-]{8,}/gi,
  // 40 characters of base64 that stand alone: an AWS secret access key.
  /(?<![\w+/=-])(?=[\w+/]*[A-Z])(?=[\w+/]*[a-z])(?=[\w+/]*\d)[A-Za-z0-9+/]{40}(?![\w+/=-])/g,
];

/** The text with its secrets replaced by `[redacted]`. */
export function redact(text: string): string {
  let safe = text.replace(namedSecret, (_, quote: string, name: string, colon: string) => {
    return `${quote}${name}${quote}${colon}${quote}${gone}${quote}`;
  });
  for (const form of secretForms) safe = safe.replace(form, gone);
  return safe;
}
