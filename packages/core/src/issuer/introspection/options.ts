import type { Agent as HttpAgent } from 'node:http';
import { z } from 'zod';
import { findEndpointFault } from '../../identifier.ts';
import {
  completeQuestions,
  type QuestionOptions,
  type QuestionSettings,
  questionShape,
} from '../../introspection/options.ts';
import { textSchema } from '../../schema.ts';
import {
  type ClientAuthentication,
  type ClientAuthenticationSettings,
  clientAuthenticationSchema,
} from './client-authentication.ts';

/** How an issuer is asked about tokens: those that say nothing themselves, and those whose state may have changed (RFC 7662). */
export interface IntrospectionOptions extends QuestionOptions {
  /** How this API shows the issuer who it is. */
  readonly clientAuthentication: ClientAuthentication;
  /** Where it is asked. Default: from its metadata. */
  readonly endpoint?: string | undefined;
  /** `signed`: answers are JWTs signed by the issuer (RFC 9701), and others are refused. Default `json`. */
  readonly response?: 'json' | 'signed' | undefined;
  /** What `aud` of signed answers names: this API, as the issuer knows it. Default: the client id. */
  readonly signedAudience?: string | undefined;
  /**
   * Whether tokens that are no JWTs are taken for this issuer's. `refuse`: it is asked about its JWTs alone. Several issuers
   * accept them where each has a `tokenPrefix`. Default `accept`.
   */
  readonly opaqueTokens?: 'accept' | 'refuse' | undefined;
  /**
   * What becomes of its tokens while the revocation list is behind, and cannot say what other processes have revoked.
   * `refuse`: 503. `ask`: one passes where this issuer says that it is active, asked at most `cacheSeconds` ago. That is the same only
   * where the issuer learns of all that is revoked here; what the list does know is refused in either case. Default `refuse`.
   */
  readonly whenBehind?: 'refuse' | 'ask' | undefined;
  /** How the opaque tokens of this issuer begin: the issuer is asked about no others. Default: any text. */
  readonly tokenPrefix?: string | undefined;
  /** Time for one answer, to the last byte. At most a minute. Default 5. */
  readonly timeoutSeconds?: number | undefined;
  /** Makes the connections: for a proxy, or for a certificate authority of your own. It must verify certificates. Default: our own. */
  readonly agent?: HttpAgent | undefined;
}

/** Options with every default filled in. */
export interface IntrospectionSettings
  extends Omit<IntrospectionOptions, 'clientAuthentication' | 'agent' | keyof QuestionSettings>,
    QuestionSettings {
  readonly clientAuthentication: ClientAuthenticationSettings;
  readonly response: 'json' | 'signed';
  readonly opaqueTokens: 'accept' | 'refuse';
  readonly whenBehind: 'refuse' | 'ask';
  readonly timeoutSeconds: number;
  /** A function, because settings are frozen and an agent works. */
  readonly agent?: (() => HttpAgent) | undefined;
}

/** The same function for the same agent, so that equal options are equal settings. */
const holders = new WeakMap<HttpAgent, () => HttpAgent>();

function holdAgent(agent: HttpAgent): () => HttpAgent {
  const holder = holders.get(agent) ?? (() => agent);
  holders.set(agent, holder);
  return holder;
}

const agentSchema = z
  .custom<HttpAgent>(
    (value) => typeof value === 'object' && value !== null && 'addRequest' in value,
    'must be an agent of node:http or node:https',
  )
  .refine(
    (agent) =>
      (agent as { readonly options?: { readonly rejectUnauthorized?: boolean } }).options?.rejectUnauthorized !== false,
    'must verify certificates: give it the certificate authority as ca instead',
  )
  .transform(holdAgent);

export const introspectionSchema: z.ZodType<IntrospectionSettings> = z
  .strictObject({
    clientAuthentication: clientAuthenticationSchema,
    endpoint: textSchema(findEndpointFault).optional(),
    response: z.enum(['json', 'signed']).default('json'),
    signedAudience: z.string().min(1).optional(),
    opaqueTokens: z.enum(['accept', 'refuse']).default('accept'),
    whenBehind: z.enum(['refuse', 'ask']).default('refuse'),
    tokenPrefix: z
      .string()
      .regex(/^[A-Za-z0-9._~+/-]+$/, 'must be characters of tokens: letters, digits and -._~+/')
      .optional(),
    timeoutSeconds: z.number().positive().max(60).default(5),
    agent: agentSchema.optional(),
    ...questionShape,
  })
  .refine(({ opaqueTokens, tokenPrefix }) => opaqueTokens === 'accept' || tokenPrefix === undefined, {
    path: ['tokenPrefix'],
    message: "means nothing where opaqueTokens is 'refuse'",
  })
  .refine(({ response, signedAudience }) => response === 'signed' || signedAudience === undefined, {
    path: ['signedAudience'],
    message: "means nothing unless response is 'signed'",
  })
  .refine(
    ({ clientAuthentication, endpoint = 'https:' }) =>
      clientAuthentication?.method !== 'tls_client_auth' || endpoint.startsWith('https:'),
    { path: ['endpoint'], message: 'must be https: a certificate needs TLS' },
  )
  .transform(completeQuestions);
