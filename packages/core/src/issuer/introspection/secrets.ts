import { hash } from 'node:crypto';
import type { ClientAuthenticationSettings } from './client-authentication.ts';

/** The hashes of the secrets that an issuer is shown: enough to see whether another is shown the same. */
export function listSecretHashes(settings: ClientAuthenticationSettings): readonly string[] {
  return 'secrets' in settings ? settings.secrets.map((secret) => hash('sha256', secret, 'base64url')) : [];
}
