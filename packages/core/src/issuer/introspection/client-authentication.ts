import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { CryptoKey, JWK } from 'jose';
import { z } from 'zod';
import { isPlainObject } from '../../schema.ts';
import { type JwsAlgorithm, jwsAlgorithms } from '../algorithms.ts';
import { canSign, readPrivateKey } from './signing-key.ts';

/** How this API shows the issuer who it is (RFC 7662 §2.1). It is never the token in question that shows it. */
export type ClientAuthentication = SecretBasic | SecretPost | PrivateKeyJwt | TlsClientAuth;

/** A secret; or two while one replaces the other: when the issuer refuses one, the other is tried and remembered. */
export type ClientSecret = string | readonly [string, string];

/** The id and the secret in the `Authorization` field (RFC 6749 §2.3.1). */
interface SecretBasic {
  readonly method: 'client_secret_basic';
  readonly clientId: string;
  readonly clientSecret: ClientSecret;
  /** `raw`: without the form encoding that RFC 6749 §2.3.1 demands, for issuers that do not decode. Default `form`. */
  readonly encoding?: 'form' | 'raw' | undefined;
}

/** The id and the secret in the form (RFC 6749 §2.3.1). */
interface SecretPost {
  readonly method: 'client_secret_post';
  readonly clientId: string;
  readonly clientSecret: ClientSecret;
}

/** A JWT that is signed anew for each question, good for a minute and for this issuer alone (RFC 7523 §2.2). */
interface PrivateKeyJwt {
  readonly method: 'private_key_jwt';
  readonly clientId: string;
  /** A private key. */
  readonly key: KeyObject | CryptoKey | JWK;
  /** What it signs with. Default: `alg` of the JWK. */
  readonly algorithm?: JwsAlgorithm | undefined;
  /** The `kid` under which the issuer knows it. Default: `kid` of the JWK, or none. */
  readonly keyId?: string | undefined;
}

/** The certificate of the TLS connection, whoever signed it: `self_signed_tls_client_auth` works the same (RFC 8705 §2). */
interface TlsClientAuth {
  readonly method: 'tls_client_auth';
  readonly clientId: string;
  /** PEM; the chain may follow. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

/** Client authentication with every default filled in. */
export type ClientAuthenticationSettings =
  | {
      readonly method: 'client_secret_basic';
      readonly clientId: string;
      readonly secrets: readonly string[];
      readonly encoding: 'form' | 'raw';
    }
  | { readonly method: 'client_secret_post'; readonly clientId: string; readonly secrets: readonly string[] }
  | {
      readonly method: 'private_key_jwt';
      readonly clientId: string;
      readonly key: KeyObject;
      readonly algorithm: JwsAlgorithm;
      readonly keyId: string | undefined;
    }
  | {
      readonly method: 'tls_client_auth';
      readonly clientId: string;
      readonly certificate: string;
      readonly key: string;
    };

// RFC 6749 appendix A.1, A.2: printable ASCII.
const text = z.string().regex(/^[\x20-\x7E]+$/, 'must be printable ASCII, and not empty');

const secrets = z
  .union([text, z.tuple([text, text])], 'must be a secret, or a list of two')
  .transform((given): readonly string[] => (typeof given === 'string' ? [given] : given));

const basic = z
  .strictObject({
    method: z.literal('client_secret_basic'),
    clientId: text,
    clientSecret: secrets,
    encoding: z.enum(['form', 'raw']).default('form'),
  })
  .refine(({ clientId, encoding }) => encoding === 'form' || !clientId.includes(':'), {
    path: ['clientId'],
    message: "cannot have a colon where the encoding is 'raw'",
  })
  .transform(({ clientSecret, ...others }) => ({ ...others, secrets: clientSecret }));

const post = z
  .strictObject({ method: z.literal('client_secret_post'), clientId: text, clientSecret: secrets })
  .transform(({ clientSecret, ...others }) => ({ ...others, secrets: clientSecret }));

const privateKey = z
  .strictObject({
    method: z.literal('private_key_jwt'),
    clientId: text,
    key: z.custom<PrivateKeyJwt['key']>(
      (value) => typeof value === 'object' && value !== null,
      'must be a private key',
    ),
    algorithm: z.enum(jwsAlgorithms).optional(),
    keyId: z.string().min(1).optional(),
  })
  .transform(({ key: given, ...others }, context) => {
    const key = readPrivateKey(given);
    const { alg, kid } = isPlainObject(given) ? given : {};
    const algorithm = others.algorithm ?? jwsAlgorithms.find((name) => name === alg);
    const { keyId = typeof kid === 'string' ? kid : undefined } = others;
    if (key === undefined) {
      context.addIssue({ code: 'custom', path: ['key'], message: 'must be a private key' });
    } else if (algorithm === undefined || !canSign(key, algorithm)) {
      const message = 'must be an algorithm of the key: ES256, or what else the key was made for';
      context.addIssue({ code: 'custom', path: ['algorithm'], message });
    } else {
      return { ...others, key, algorithm, keyId };
    }
    return z.NEVER;
  });

const tls = z
  .strictObject({ method: z.literal('tls_client_auth'), clientId: text, certificate: z.string(), key: z.string() })
  .refine(({ certificate, key }) => isPair(certificate, key), {
    path: ['certificate'],
    message: 'must be a PEM certificate, and key the PEM private key that belongs to it',
  });

function isPair(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

export const clientAuthenticationSchema: z.ZodType<ClientAuthenticationSettings> = z.discriminatedUnion('method', [
  basic,
  post,
  privateKey,
  tls,
]);
