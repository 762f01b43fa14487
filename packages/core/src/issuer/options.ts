import { z } from 'zod';
import { findEndpointFault, findIdentifierFault } from '../identifier.ts';
import { type Complete, isPlainObject, reportFault, textSchema } from '../schema.ts';
import { defaultAlgorithms, type JwsAlgorithm, jwsAlgorithms } from './algorithms.ts';
import type { ClaimMapping, ClaimPlaces, Dialect } from './claim-mapping.ts';
import { dialects } from './dialects.ts';
import { type IntrospectionOptions, type IntrospectionSettings, introspectionSchema } from './introspection/options.ts';
import { isSecretKey, isUsableKey, type JsonWebKeySet } from './json-web-keys.ts';

/** An authorization server whose tokens are accepted. A string is the same as `{ issuer }`. */
export interface IssuerOptions {
  /** Its identifier, as its tokens and its metadata write it: compared byte for byte (RFC 8414 §3.3, RFC 9068 §4). */
  readonly issuer: string;
  /** What `aud` must name, any of several. Default: the `resource` of the verifier. */
  readonly audience?: string | readonly string[] | undefined;
  /**
   * How its access tokens are told from its other JWTs. `rfc9068`: by `typ` of the header. `legacy`: `typ` may also be
   * `JWT` or missing, a scope claim is required, and whatever is marked as an ID token, a security event token or a proof
   * is refused. Default `rfc9068`.
   */
  readonly tokenProfile?: 'rfc9068' | 'legacy' | undefined;
  /** Where its tokens keep client id, scopes, token id, session and task. Default: where RFC 9068 has them. */
  readonly claims?: Dialect | ClaimMapping | undefined;
  /** Tokens with more seconds from `iat` to `exp` are refused. At most 30 days. Default 86400, a day. */
  readonly maxTokenLifetimeSeconds?: number | undefined;
  /** Default: ES256, EdDSA, Ed25519, PS256, RS256. */
  readonly algorithms?: readonly JwsAlgorithm[] | undefined;
  /** Where its keys are. Default: from its metadata. Not together with `jwks`. */
  readonly jwksUri?: string | undefined;
  /** Its public keys, for issuers without a network. Not together with `jwksUri`. */
  readonly jwks?: JsonWebKeySet | undefined;
  /** When keys and metadata are fetched. */
  readonly keys?: KeyOptions | undefined;
  /** How it is asked about tokens (RFC 7662). Default: it is not, and opaque tokens are refused. */
  readonly introspection?: IntrospectionOptions | undefined;
  /**
   * It is asked about each JWT that it issued longer ago than this, and again after as long; 0 asks for every request. At most
   * a day. Needs `introspection`. Default: only where a guard demands it.
   */
  readonly recheckSeconds?: number | undefined;
}

/** When the keys and the metadata of an issuer are fetched, in seconds, fractions allowed. */
export interface KeyOptions {
  /**
   * How long fetched keys are good. Requests near the end of it fetch them again in the background; a key that the issuer
   * withdrew is refused after this long at the latest, unless the issuer cannot be reached. At most a day. Default 600.
   */
  readonly refreshSeconds?: number | undefined;
  /** The least time between two fetches that unknown keys cause, and after one that failed. At most an hour. Default 5. */
  readonly cooldownSeconds?: number | undefined;
  /**
   * How long keys serve while no newer ones can be fetched; then 503 until they can. At most a week. Default 3600, or `refreshSeconds` if
   * that is more.
   */
  readonly maxStaleSeconds?: number | undefined;
  /** Time to get the keys, metadata included, to the last byte. At most a minute. Default 5. */
  readonly timeoutSeconds?: number | undefined;
}

/** Options with every default filled in. */
export interface IssuerSettings extends Omit<IssuerOptions, 'introspection'> {
  readonly tokenProfile: 'rfc9068' | 'legacy';
  readonly claims: ClaimPlaces;
  readonly maxTokenLifetimeSeconds: number;
  readonly algorithms: readonly JwsAlgorithm[];
  readonly keys: Complete<KeyOptions>;
  readonly introspection?: IntrospectionSettings | undefined;
}

/** What `maxTokenLifetimeSeconds` can be at most: 30 days. */
export const longestTokenLifetimeSeconds = 2_592_000;

const audience = z.string().min(1);

function findIssuerFault(text: string): string | undefined {
  if (text.includes('/.well-known/')) return 'must be the identifier of the issuer, not the URL of its metadata';
  return findIdentifierFault(text);
}

function findKeySetFault({ keys }: JsonWebKeySet): string | undefined {
  if (keys.some(isSecretKey)) return 'holds a key with its secret part: give public keys only';
  return keys.some(isUsableKey) ? undefined : 'holds no public key that can verify signatures';
}

const keyOptionsSchema = z
  .strictObject({
    refreshSeconds: z.number().positive().max(86_400).default(600),
    cooldownSeconds: z.number().positive().max(3600).default(5),
    maxStaleSeconds: z.number().positive().max(604_800).optional(),
    timeoutSeconds: z.number().positive().max(60).default(5),
  })
  .refine(({ refreshSeconds, maxStaleSeconds }) => !(Number(maxStaleSeconds) < refreshSeconds), {
    path: ['maxStaleSeconds'],
    message: 'must not be less than refreshSeconds',
    when: ({ value }) => isPlainObject(value),
  })
  .transform((keys) => ({ ...keys, maxStaleSeconds: keys.maxStaleSeconds ?? Math.max(3600, keys.refreshSeconds) }));

const claimName = z.string().min(1);

const claimNames = z.array(claimName).nonempty();

function findTemplateFault(text: string): string | undefined {
  return /\{(?!(?:clientId|sub)\})/.test(text) ? 'knows {clientId} and {sub} only' : undefined;
}

const subjectTest = z
  .record(claimName, z.union([z.literal(true), textSchema(findTemplateFault)], 'must be true or a text'))
  .refine(
    (claims) => Object.keys(claims).length > 0,
    'must name a claim: without one, every subject would be a client',
  );

const claimMappingSchema = z
  .strictObject({
    dialect: z.enum(Object.keys(dialects) as Dialect[]).optional(),
    clientId: claimNames.optional(),
    scopes: claimNames.optional(),
    clientScopes: claimNames.optional(),
    tokenId: z.array(claimName).optional(),
    subjectIsClient: z.array(subjectTest).optional(),
    session: z.array(claimName).optional(),
    task: z.array(claimName).optional(),
    purpose: z.array(claimName).optional(),
    transaction: z.array(claimName).optional(),
    customer: z.array(claimName).optional(),
  })
  .transform(completeMapping);

function completeMapping({ dialect, ...given }: ClaimMapping): ClaimPlaces {
  const known = dialect === undefined ? {} : dialects[dialect];
  const scopes = given.scopes ?? known.scopes ?? ['scope'];
  return {
    clientId: given.clientId ?? known.clientId ?? ['client_id'],
    scopes,
    clientScopes: given.clientScopes ?? known.clientScopes ?? scopes,
    tokenId: given.tokenId ?? known.tokenId ?? ['jti'],
    subjectIsClient: given.subjectIsClient ?? known.subjectIsClient ?? [],
    session: given.session ?? known.session ?? ['sid'],
    task: given.task ?? known.task ?? [],
    purpose: given.purpose ?? known.purpose ?? [],
    // RFC 8417 §2.2.
    transaction: given.transaction ?? known.transaction ?? ['txn'],
    customer: given.customer ?? known.customer ?? [],
  };
}

const issuerOptionsSchema = z
  .strictObject({
    issuer: textSchema(findIssuerFault),
    audience: z.union([audience, z.array(audience).nonempty()]).optional(),
    tokenProfile: z.enum(['rfc9068', 'legacy']).default('rfc9068'),
    claims: z
      .preprocess((value) => (typeof value === 'string' ? { dialect: value } : value), claimMappingSchema)
      .prefault({}),
    maxTokenLifetimeSeconds: z.number().positive().max(longestTokenLifetimeSeconds).default(86_400),
    algorithms: z
      .array(z.enum(jwsAlgorithms))
      .nonempty()
      .default([...defaultAlgorithms]),
    jwksUri: textSchema(findEndpointFault).optional(),
    jwks: z
      .object({ keys: z.array(z.record(z.string(), z.json())) })
      .superRefine(reportFault(findKeySetFault))
      .optional(),
    keys: keyOptionsSchema.prefault({}),
    introspection: introspectionSchema.optional(),
    recheckSeconds: z.number().min(0).max(86_400).optional(),
  })
  .refine(({ jwks, jwksUri }) => jwks === undefined || jwksUri === undefined, {
    path: ['jwks'],
    message: 'cannot be combined with jwksUri',
    when: ({ value }) => isPlainObject(value),
  })
  .refine(({ introspection, recheckSeconds }) => introspection !== undefined || recheckSeconds === undefined, {
    path: ['recheckSeconds'],
    message: 'needs introspection',
    when: ({ value }) => isPlainObject(value),
  })
  .refine(({ tokenProfile, claims }) => tokenProfile === 'legacy' || claims.tokenId.length > 0, {
    path: ['claims', 'tokenId'],
    message:
      "cannot be empty under the profile rfc9068: set tokenProfile to 'legacy', or name the claim with the token id",
  });

/** `'https://auth.example.com'` is short for `{ issuer: 'https://auth.example.com' }`. */
export const issuerSchema: z.ZodType<IssuerSettings> = z.preprocess(
  (value) => (typeof value === 'string' ? { issuer: value } : value),
  issuerOptionsSchema,
);
