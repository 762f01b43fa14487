import { createHmac, randomBytes } from 'node:crypto';
import type { ClientAuthenticationSettings } from './client-authentication.ts';

/** Whoever prints an issuer shows hashes: without this key, nobody can tell from them what a weak secret is. */
const key = randomBytes(32);

/** The hashes of the secrets that an issuer is shown: enough to see in this process whether another is shown the same. */
export function listSecretHashes(settings: ClientAuthenticationSettings): readonly string[] {
  return 'secrets' in settings
    ? settings.secrets.map((secret) => createHmac('sha256', key).update(secret).digest('base64url'))
    : [];
}
