import { z } from 'zod';
import { isPlainObject } from '../schema.ts';

/** A scope-token (RFC 6749 §3.3). `offline_access` asks the authorization server for something; no API operation needs it. */
const scope = z
  .string()
  .regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, 'must be one scope: printable ASCII without space, quote or backslash')
  .refine((name) => name !== 'offline_access', 'offline_access is not a scope of a resource');

export const scopeList: z.ZodType<string[]> = z.array(scope).nonempty();

/** `{ admin: ['read:data', 'write:data'] }`: holding the key implies the values, and what they imply. */
export type ScopeHierarchy = Readonly<Record<string, readonly string[]>>;

export const scopeHierarchySchema: z.ZodType<Record<string, string[]>> = z
  .record(scope, scopeList)
  .superRefine(reportCycles, { when: ({ value }) => isPlainObject(value) });

/** Looks at what was given, valid or not, so that a cycle is reported beside other problems. */
function reportCycles(hierarchy: Record<string, unknown>, context: z.RefinementCtx): void {
  for (const name of Object.keys(hierarchy)) {
    if (listImplied(hierarchy, name).has(name)) {
      context.addIssue({ code: 'custom', path: [name], message: 'implies itself' });
    }
  }
}

function listImplied(hierarchy: Readonly<Record<string, unknown>>, name: string): ReadonlySet<string> {
  const implied = new Set<string>();
  const open = [name];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const direct: unknown = Object.hasOwn(hierarchy, next) ? hierarchy[next] : undefined;
    for (const lower of Array.isArray(direct) ? direct : []) {
      if (typeof lower !== 'string' || implied.has(lower)) continue;
      implied.add(lower);
      open.push(lower);
    }
  }
  return implied;
}

/** Answers which of the required scopes are not held, directly or by implication, in the order required. */
export type FindMissingScopes = (required: readonly string[], held: ReadonlySet<string>) => readonly string[];

export function createMissingScopeFinder(hierarchy: ScopeHierarchy): FindMissingScopes {
  const impliedBy = new Map<string, string[]>();
  for (const name of Object.keys(hierarchy)) {
    for (const lower of listImplied(hierarchy, name)) {
      const higher = impliedBy.get(lower);
      if (higher === undefined) impliedBy.set(lower, [name]);
      else higher.push(name);
    }
  }

  function isHeld(name: string, held: ReadonlySet<string>): boolean {
    return held.has(name) || impliedBy.get(name)?.some((higher) => held.has(higher)) === true;
  }

  return (required, held) => {
    for (const name of required) if (!isHeld(name, held)) return required.filter((other) => !isHeld(other, held));
    return none;
  };
}

const none: readonly never[] = Object.freeze([]);
