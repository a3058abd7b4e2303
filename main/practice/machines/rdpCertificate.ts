/** The certificate an RDP machine shows: made by itself for itself, as Windows does. */
// x509's decorators need it, and it has to come first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const day = 86_400_000;

/** PEM of a certificate for this name, valid from a day before `now` for half a year, and of its key. */
export async function makeCertificate(name: string, now: number): Promise<{ cert: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const cert = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: `01${Buffer.from(webcrypto.getRandomValues(new Uint8Array(15))).toString('hex')}`,
      name: [{ CN: [name] }],
      notBefore: new Date(now - day),
      notAfter: new Date(now + 182 * day),
      signingAlgorithm: algorithm,
      keys: keys as CryptoKeyPair,
      extensions: [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth])],
    },
    webcrypto as Crypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { cert: cert.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}
