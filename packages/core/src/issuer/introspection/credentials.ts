import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { ClientAuthenticationSettings } from './client-authentication.ts';

/** What a question carries to show who asks. */
interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Makes the credentials of one question. */
export type MakeCredentials = () => Credentials | Promise<Credentials>;

/** How long a client assertion is good. */
const assertionSeconds = 60;

/** One way to authenticate for each secret, in the order of the options. */
export function listCredentials(
  settings: ClientAuthenticationSettings,
  issuer: string,
  now: () => number,
): readonly MakeCredentials[] {
  const { clientId } = settings;
  switch (settings.method) {
    case 'client_secret_basic': {
      const encode = settings.encoding === 'form' ? encodeForm : (text: string) => text;
      return settings.secrets.map((secret) => () => {
        const pair = Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString('base64');
        return { headers: { authorization: `Basic ${pair}` }, parameters: {} };
      });
    }
    case 'client_secret_post':
      return settings.secrets.map((secret) => () => ({
        headers: {},
        parameters: { client_id: clientId, client_secret: secret },
      }));
    case 'private_key_jwt':
      return [async () => ({ headers: {}, parameters: await makeAssertion(settings, issuer, now) })];
    case 'tls_client_auth':
      // RFC 8705 §2: the certificate is that of the connection, and the id says whose it is.
      return [() => ({ headers: {}, parameters: { client_id: clientId } })];
  }
}

/** As in a form (RFC 6749 appendix B), so that a colon is a colon of the pair. */
function encodeForm(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

/**
 * A JWT that says who asks (RFC 7523 §2.2, §3). Its audience is the issuer and nothing else, as one string: an assertion
 * that another server could use would be that server's, too.
 */
async function makeAssertion(
  { clientId, key, algorithm, keyId }: Extract<ClientAuthenticationSettings, { readonly method: 'private_key_jwt' }>,
  issuer: string,
  now: () => number,
): Promise<Credentials['parameters']> {
  const issuedAt = Math.floor(now() / 1000);
  const assertion = await new SignJWT()
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(issuer)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + assertionSeconds)
    .setJti(randomUUID())
    .sign(key);
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  };
}
