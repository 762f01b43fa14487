import { z } from 'zod';
import { findEndpointFault, findPageFault } from '../identifier.ts';
import { scopeList } from '../requirement/scopes.ts';
import { functionSchema, isPlainObject, textSchema } from '../schema.ts';
import { listMemberFaults } from './other-members.ts';

/** What the metadata document says of a resource beside what the verifier knows (RFC 9728 §2). */
export interface MetadataOptions {
  /** Name for people, `resource_name`. Recommended. */
  readonly name?: string | undefined;
  /** Page for developers, `resource_documentation`. */
  readonly documentation?: string | undefined;
  /** Page about what clients may do with the data, `resource_policy_uri`. */
  readonly policy?: string | undefined;
  /** Page with the terms of service, `resource_tos_uri`. */
  readonly termsOfService?: string | undefined;
  /** Scopes that agents may ask for, `scopes_supported`. Need not be all of them. Recommended. */
  readonly scopes?: readonly string[] | undefined;
  /**
   * Where the public keys of the resource itself are, `jwks_uri`; nothing of Gatehouse uses them. Where keys for signing
   * and for encryption are mixed, each of them must have a `use`.
   */
  readonly jwksUri?: string | undefined;
  /** How the resource signs its responses, `resource_signing_alg_values_supported`; never `none`. */
  readonly signingAlgorithms?: readonly string[] | undefined;
  /**
   * Says that this API takes tokens that are bound to certificates, `tls_client_certificate_bound_access_tokens`. For servers
   * that ask clients for certificates themselves, which the verifier does not see. Default: said where the baseline
   * requirement demands certificates, or where there are `trustedProxies`.
   */
  readonly certificateBoundTokens?: true | undefined;
  /** Types of authorization details that it understands, `authorization_details_types_supported` (RFC 9396 §2). */
  readonly authorizationDetailsTypes?: readonly string[] | undefined;
  /**
   * Further members, JSON values under their names, and translations of the human-readable ones: `'resource_name#it'`
   * (RFC 9728 §2.1). No name that an option has, that the verifier answers for, or that is a claim of JWTs.
   */
  readonly other?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Signs the document, for `signed_metadata` (RFC 9728 §2.2). It is given the members and `iss`, the resource, and gives a
   * compact JWS with these claims. `iss` may be whoever attests to them; `sub`, `aud`, `exp`, `nbf`, `iat` and `jti` may be
   * added, `exp` at least two hours ahead. It is called when somebody asks for the document, once for all who wait, and
   * again after an hour. When it throws, takes ten seconds, or gives anything else, the answer is 503 until a later call
   * succeeds, five seconds later at the earliest.
   */
  readonly sign?: ((claims: Readonly<Record<string, unknown>>) => string | Promise<string>) | undefined;
}

const page = textSchema(findPageFault);
const text = z.string().min(1);
/** Any registered one: the resource signs, not Gatehouse. */
const signingAlgorithm = text.refine((name) => name.toLowerCase() !== 'none', 'must not be none');

export const metadataSchema: z.ZodType<MetadataOptions> = z
  .strictObject({
    name: text.optional(),
    documentation: page.optional(),
    policy: page.optional(),
    termsOfService: page.optional(),
    scopes: scopeList.optional(),
    jwksUri: textSchema(findEndpointFault).optional(),
    signingAlgorithms: z.array(signingAlgorithm).nonempty().optional(),
    certificateBoundTokens: z.literal(true).optional(),
    authorizationDetailsTypes: z.array(text).nonempty().optional(),
    other: z.custom<Readonly<Record<string, unknown>>>(isPlainObject, 'must be an object').optional(),
    sign: functionSchema<NonNullable<MetadataOptions['sign']>>().optional(),
  })
  .superRefine(reportOtherMembers, { when: ({ value }) => isPlainObject(value) })
  // What is given is not frozen with the rest; and what is served is what can be written.
  .transform(({ other, ...options }) => (other === undefined ? options : { ...options, other: copyJson(other) }));

/** Looks at what was given, valid or not, so that these faults are reported beside others. */
function reportOtherMembers({ other, ...options }: MetadataOptions, context: z.RefinementCtx): void {
  if (!isPlainObject(other)) return;
  for (const [name, message] of listMemberFaults(other, options)) {
    context.addIssue({ code: 'custom', path: ['other', name], message });
  }
}

function copyJson(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(value));
}
