/** Taking out of logs and errors whatever looks like a secret, wherever it stands. */

const gone = '[redacted]';

const secretName =
  'token|secret|password|passphrase|authorization|cookie|credential|private_?key|access_?key|api_?key|session_?key|signature';
const namedMember = new RegExp(secretName, 'i');

// Every repetition below is bounded or begins at one place only: what is logged may be made to hurt, and a pattern that
// tries each start with each length would stand still on it for minutes.
const nameOfSecret = `[\\w.-]{0,64}(?:${secretName})[\\w.-]{0,64}`;

/** A member of JSON that stands inside a text. */
const memberInText = new RegExp(`"(${nameOfSecret})"(\\s*:\\s*)"(?:[^"\\\\]|\\\\.)*(?:"|$)`, 'gi');
/** The same inside a string of JSON inside a text: up to the next quote, whatever was escaped. */
const escapedMember = new RegExp(`((?<!\\\\)\\\\+"${nameOfSecret}\\\\+"\\s*:\\s*\\\\+")[^"]*`, 'gi');

/** Values that are secrets by their own form. */
const secretForms: RegExp[] = [
  // PEM private keys, with real or escaped line ends.
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  // JSON web tokens (RFC 7519): base64url pieces, the first an object.
  /\beyJ[\w-]{5,2048}\.[\w-]+(?:\.[\w-]*)?/g,
  // AWS access key ids.
  /\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g,
  /\b(?:Bearer|Basic)\s+[\w+/=.~-]{6,}/gi,
  // Parameters of addresses: signatures (Azure SAS, AWS), authorisation codes, our own one-time token.
  /[?&#](?:sig|code|t|x-amz-[\w-]+)=[\w%+/=.~-]{8,}/gi,
  /\b(?:access_token|refresh_token|id_token|client_secret|password)=[^\s&"']+/gi,
  // 40 characters of base64 that stand alone: an AWS secret access key.
  /(?<![\w+/=-])(?=[\w+/]*[A-Z])(?=[\w+/]*[a-z])(?=[\w+/]*\d)[A-Za-z0-9+/]{40}(?![\w+/=-])/g,
];

/** The text with its secrets replaced by `[redacted]`. */
export function redact(text: string): string {
  let safe = text.replace(memberInText, `"$1"$2"${gone}"`).replace(escapedMember, `$1${gone}\\`);
  for (const form of secretForms) safe = safe.replace(form, gone);
  return safe;
}

/** A line of JSON without its secrets: members by their name, texts by what is in them. Anything else as a text. */
export function redactLine(line: string): string {
  try {
    const clean = (name: string, value: unknown) => {
      if (namedMember.test(name)) return gone;
      return typeof value === 'string' ? redact(value) : value;
    };
    return `${JSON.stringify(JSON.parse(line), clean)}\n`;
  } catch {
    return redact(line);
  }
}
