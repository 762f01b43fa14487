import { z } from 'zod';
import type { Agent } from '../agent/agent.ts';
import { ConfigurationError } from '../errors.ts';
import { freezeDeeply } from '../freeze.ts';
import { functionSchema, isPlainObject, parseSettings } from '../schema.ts';
import { scopeList } from './scopes.ts';
import { type SenderConstraint, senderConstraints } from './sender-constraint.ts';

/**
 * What one operation asks for. Strict: unknown keys, empty lists and an explicit `undefined` are configuration errors,
 * so that a misspelt or missing setting never opens a route.
 */
export interface Requirement<Context = unknown> {
  /** All of these. A scope that the hierarchy implies counts as held. */
  readonly scopes?: readonly string[];
  /** Names the operation in decisions. */
  readonly action?: string;
  /**
   * How the caller has to prove that the token is its own. `when-bound`, the default, enforces what the token demands and
   * takes bearer tokens; `required` takes no bearer tokens; `dpop` takes tokens with a DPoP proof alone, `mtls` those that are
   * bound to the certificate of the client, and `dpop+mtls` those that are bound to both.
   */
  readonly senderConstraint?: SenderConstraint;
  /**
   * How long ago the issuer may have been asked whether the token is still active; 0 asks now, at most a day. An issuer that is
   * not set up to be asked has no tokens that satisfy it. Default: as the options of the issuer say.
   */
  readonly maxStatusAgeSeconds?: number;
  /**
   * The last word, once everything else holds. Always awaited; only `true` or `{ allow: true }` grants. What it throws
   * is never a grant: an `AuthError` becomes its answer, anything else passes through as the application's error.
   */
  readonly allow?: (agent: Agent, context: Context) => Verdict | Promise<Verdict>;
}

/** What `allow` answers. Reasons and policies go to the decision, never to the caller. */
export type Verdict =
  | boolean
  | { readonly allow: boolean; readonly reasons?: readonly string[]; readonly policies?: readonly string[] };

/** A requirement, or its scopes alone. */
export type RequirementInput<Context = unknown> = string | readonly string[] | Requirement<Context>;

/** What is wrong with a requirement that asks for a status where nobody can tell it. */
export const statusDemand = 'needs an issuer with introspection';

const hint = 'must be a scope, a list of scopes, or an object that asks for them';

export const requirementSchema: z.ZodType<Requirement> = z.preprocess(
  normalize,
  z.strictObject(
    {
      scopes: scopeList.exactOptional(),
      action: z.string().min(1).max(200).exactOptional(),
      senderConstraint: z.enum(senderConstraints).exactOptional(),
      maxStatusAgeSeconds: z.number().min(0).max(86_400).exactOptional(),
      allow: functionSchema<NonNullable<Requirement['allow']>>().exactOptional(),
    },
    { error: ({ code }) => (code === 'invalid_type' ? hint : undefined) },
  ),
);

/** A Set of scopes, or a promise of a requirement, has no members: it would ask for nothing, and open the route. */
function normalize(input: unknown): unknown {
  if (typeof input === 'string') return { scopes: [input] };
  if (Array.isArray(input)) return { scopes: input };
  return isPlainObject(input) ? input : undefined;
}

/**
 * A requirement that is valid and frozen.
 *
 * @throws ConfigurationError with every problem
 */
export function parseRequirement<Context>(input: RequirementInput<Context> | undefined): Requirement<Context> {
  if (input === undefined) {
    const message =
      'is undefined: give a scope, a list of scopes or a requirement, or leave it out for any valid token';
    throw new ConfigurationError('requirement', [{ path: '', message }]);
  }
  return freezeDeeply(parseSettings('requirement', requirementSchema, input) as Requirement<Context>);
}
