import { z } from 'zod';
import type { Decision } from './decision.ts';
import { type CompleteEnvironment, type Environment, environmentShape } from './environment.ts';
import { freezeDeeply } from './freeze.ts';
import type { RenderProblem } from './http/refusal.ts';
import { findIdentifierFault, splitIdentifier } from './identifier.ts';
import { directorySchema, type IssuerDirectory } from './issuer/directory.ts';
import { findIntrospectionConflicts } from './issuer/introspection/conflicts.ts';
import { isTrustedIssuer } from './issuer/issuer.ts';
import type { IssuersSettings } from './issuer/issuers.ts';
import { type IssuerOptions, type IssuerSettings, issuerSchema } from './issuer/options.ts';
import type { Issuer, TrustedIssuer } from './issuer/trusted.ts';
import { type DpopOptions, type DpopSettings, dpopSchema, type StoreOptions, storesSchema } from './proof/options.ts';
import { trustedProxiesSchema } from './proof/trusted-proxies.ts';
import { type Requirement, type RequirementInput, requirementSchema, statusDemand } from './requirement/requirement.ts';
import { type ScopeHierarchy, scopeHierarchySchema } from './requirement/scopes.ts';
import { proofDemand, senderConstraints, takesBearerScheme } from './requirement/sender-constraint.ts';
import { type MetadataOptions, metadataSchema } from './resource/options.ts';
import { type Complete, functionSchema, parseSettings, readyOr, textSchema } from './schema.ts';

/** Everything that a verifier can be told. `resource` and `issuers` are required; the rest has secure defaults. */
export interface VerifierOptions<Context = unknown> {
  /**
   * Identifier of this API: `resource` of its metadata (RFC 9728 §1.2), the `aud` that its tokens must name, the base of
   * the metadata URL. An https URL without query and fragment, http for loopback hosts; kept byte for byte.
   */
  readonly resource: string;
  /**
   * Whose tokens are accepted; at least one. A string is an issuer identifier, an `Issuer` may be shared by several
   * verifiers, and a directory finds issuers while the process runs.
   */
  readonly issuers: readonly (string | IssuerOptions | Issuer)[] | IssuerDirectory;
  /** Baseline for every guard, which can only tighten it. Default: every valid token. An explicit `undefined` is an error. */
  readonly requirement?: RequirementInput<Context>;
  /** `{ admin: ['read:data', 'write:data'] }`: holding the key implies the values, and what they imply. Default: none. */
  readonly scopeHierarchy?: ScopeHierarchy | undefined;
  /**
   * Origin, and path prefix, under which callers see this server: what the `htu` of proofs has to start with. `Host` and
   * `X-Forwarded-*` are never read. Default: the origin of `resource`.
   */
  readonly publicUrl?: string | undefined;
  /**
   * Direct peers whose `Client-Cert` field (RFC 9440) says which certificate the client has: IP addresses, CIDR blocks, and
   * `'unix'` for every Unix socket. The certificate of their own connection never counts then. Each of them must remove the
   * field from what clients send. Default: none; the field is ignored.
   */
  readonly trustedProxies?: readonly string[] | undefined;
  /** How DPoP proofs are verified. `'off'` refuses tokens that are bound to a key. Default: they are verified. */
  readonly dpop?: DpopOptions | 'off' | undefined;
  /** Where several processes share what they remember. */
  readonly stores?: StoreOptions | undefined;
  /** What the metadata document says beside what the verifier knows. */
  readonly metadata?: MetadataOptions | undefined;
  readonly limits?: LimitOptions | undefined;
  /** How far the clocks of issuers may be off, for `exp`, `nbf` and `iat`; 0 to 300. Default 5. */
  readonly clockToleranceSeconds?: number | undefined;
  /**
   * Learns of every decision before the answer goes out, which waits for a promise. What it throws passes through: a
   * request whose decision cannot be recorded is not served. Default: decisions are not built.
   */
  readonly onDecision?: ((decision: Decision) => unknown) | undefined;
  /** Body of refusals; status and fields stay ours. Default: problem details (RFC 9457). */
  readonly renderProblem?: RenderProblem | undefined;
  /** Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** How much a token may hold, and how much is kept. */
export interface LimitOptions {
  /** Longest token that is parsed, in bytes; 256 to 65536. Default 16384. */
  readonly tokenBytes?: number | undefined;
  /** Most actors that an `act` claim may nest; 1 to 16. Default 4. */
  readonly actDepth?: number | undefined;
  /** Verified tokens that are remembered, so that their next request needs no signature; 0 to 1000000. Default 10000. */
  readonly cachedTokens?: number | undefined;
  /** Issuers of a directory that are kept with their keys; 1 to 100000. Default 1000. */
  readonly cachedIssuers?: number | undefined;
  /** Signatures of proofs that are checked at the same time; 1 to 1024. Default 16: four for each thread that Node has for it. */
  readonly verificationsInFlight?: number | undefined;
}

/** Options with every default filled in. */
export interface VerifierSettings<Context = unknown>
  extends Omit<VerifierOptions<Context>, 'requirement' | 'issuers' | 'dpop' | keyof Environment>,
    CompleteEnvironment {
  readonly issuers: IssuersSettings;
  readonly requirement: Requirement<Context>;
  readonly scopeHierarchy: ScopeHierarchy;
  readonly publicUrl: string;
  readonly trustedProxies: readonly string[];
  readonly dpop: DpopSettings | 'off';
  readonly stores: StoreOptions;
  readonly metadata: MetadataOptions;
  readonly limits: Complete<LimitOptions>;
  readonly clockToleranceSeconds: number;
}

const issuersHint = "must be a list of issuers: ['https://auth.example.com']";

/** What has no default, or one that depends on other options. */
interface Undecided {
  readonly requirement?: Requirement;
  readonly publicUrl?: string | undefined;
}
type ParsedOptions = Omit<VerifierSettings, keyof Undecided> & Undecided;

const listSchema = z
  .array(readyOr(isTrustedIssuer, issuerSchema), issuersHint)
  .nonempty(issuersHint)
  .superRefine(reportRepeatedIssuers, { when: ({ value }) => Array.isArray(value) })
  .superRefine(reportIntrospectionConflicts);

const makeOptionsSchema = (issuers: z.ZodType<IssuersSettings>): z.ZodType<ParsedOptions> =>
  z
    .strictObject({
      resource: textSchema(findIdentifierFault),
      issuers,
      requirement: requirementSchema.exactOptional(),
      scopeHierarchy: scopeHierarchySchema.prefault({}),
      publicUrl: textSchema(findIdentifierFault).optional(),
      trustedProxies: trustedProxiesSchema.default([]),
      dpop: dpopSchema.prefault({}),
      stores: storesSchema.prefault({}),
      metadata: metadataSchema.prefault({}),
      limits: z
        .strictObject({
          tokenBytes: z.int().min(256).max(65_536).default(16_384),
          actDepth: z.int().min(1).max(16).default(4),
          cachedTokens: z.int().min(0).max(1_000_000).default(10_000),
          cachedIssuers: z.int().min(1).max(100_000).default(1000),
          verificationsInFlight: z.int().min(1).max(1024).default(16),
        })
        .prefault({}),
      clockToleranceSeconds: z.number().min(0).max(300).default(5),
      onDecision: functionSchema<(decision: Decision) => unknown>().optional(),
      renderProblem: functionSchema<RenderProblem>().optional(),
      ...environmentShape,
    })
    .refine(({ dpop, requirement }) => dpop !== 'off' || !demandsProof(requirement), {
      path: ['requirement', 'senderConstraint'],
      message: proofDemand,
      when: ({ value }) => isObject(value),
    })
    .refine(
      ({ issuers: chosen, requirement }) => requirement?.maxStatusAgeSeconds === undefined || canAskSome(chosen),
      {
        path: ['requirement', 'maxStatusAgeSeconds'],
        message: statusDemand,
      },
    );

const optionsSchema = makeOptionsSchema(listSchema);
const directoryOptionsSchema = makeOptionsSchema(directorySchema);

function reportIntrospectionConflicts(
  issuers: readonly (IssuerSettings | TrustedIssuer)[],
  context: z.RefinementCtx,
): void {
  for (const { index, path, message } of findIntrospectionConflicts(issuers)) {
    context.addIssue({ code: 'custom', path: [index, 'introspection', ...path], message });
  }
}

/** Looks at what was given, valid or not, so that a repetition is reported beside other problems. */
function reportRepeatedIssuers(issuers: readonly unknown[], context: z.RefinementCtx): void {
  const names = issuers.map((issuer) => (isObject(issuer) ? issuer['issuer'] : issuer));
  for (const [index, name] of names.entries()) {
    const isRepeated = typeof name === 'string' && names.indexOf(name) < index;
    if (isRepeated) context.addIssue({ code: 'custom', path: [index], message: 'names an issuer twice' });
  }
}

/** Looks at what was given, valid or not, for the same reason. */
function demandsProof(requirement: unknown): boolean {
  const given = isObject(requirement) ? requirement['senderConstraint'] : undefined;
  return senderConstraints.some(
    (senderConstraint) => senderConstraint === given && !takesBearerScheme({ senderConstraint }),
  );
}

/** What a directory finds is not known yet. */
function canAskSome(issuers: IssuersSettings): boolean {
  return !('some' in issuers) || issuers.some(({ introspection }) => introspection !== undefined);
}

function isDirectory(issuers: unknown): boolean {
  return isObject(issuers) && !Array.isArray(issuers) && 'find' in issuers;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** @throws ConfigurationError with every problem */
export function parseOptions<Context>(options: VerifierOptions<Context>): VerifierSettings<Context> {
  // Two schemas instead of a union, which could not say what is wrong with either.
  const schema = isDirectory((options as VerifierOptions | undefined)?.issuers)
    ? directoryOptionsSchema
    : optionsSchema;
  const parsed = parseSettings('options', schema, options);
  const { publicUrl = splitIdentifier(parsed.resource).origin } = parsed;
  return freezeDeeply({ requirement: {}, ...parsed, publicUrl } as VerifierSettings<Context>);
}
