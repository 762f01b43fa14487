import { z } from 'zod';
import { ConfigurationError, type ConfigurationIssue } from './errors.ts';

/** An object that holds its members itself, as literals and parsed JSON do; not a Map, a promise or another instance. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A schema for functions; what they take and return is for the type checker. */
export function functionSchema<Fn extends (...args: never[]) => unknown>(): z.ZodType<Fn, Fn> {
  return z.custom<Fn>((value) => typeof value === 'function', 'must be a function');
}

/** A string in which `findFault` finds nothing wrong. */
export function textSchema(findFault: (text: string) => string | undefined): z.ZodType<string, string> {
  return z.string('must be a string').superRefine(reportFault(findFault));
}

/** A refinement that reports the one fault it finds. */
export function reportFault<Value>(
  findFault: (value: Value) => string | undefined,
): (value: Value, context: z.RefinementCtx) => void {
  return (value, context) => {
    const message = findFault(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  };
}

/**
 * What a schema makes of a value.
 *
 * @param subject what the value is, for the error: `options`
 * @throws ConfigurationError with every problem
 */
export function parseSettings<Value>(subject: string, schema: z.ZodType<Value>, value: unknown): Value {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new ConfigurationError(subject, listIssues(parsed.error));
  return parsed.data;
}

/** Takes a value that is ready as it is, and has the schema parse any other. */
export function readyOr<Ready, Value>(
  isReady: (value: unknown) => value is Ready,
  schema: z.ZodType<Value>,
): z.ZodType<Ready | Value> {
  return z.unknown().transform((value, context): Ready | Value => {
    if (isReady(value)) return value;
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    context.issues.push(...(parsed.error.issues as typeof context.issues));
    return z.NEVER;
  });
}

/** Every problem that a schema found, by path. Values are not repeated: options may hold secrets. */
export function listIssues(error: z.ZodError): readonly ConfigurationIssue[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String).join('.');
    // What is wrong with a key stands inside.
    const messages = issue.code === 'invalid_key' ? issue.issues.map(({ message }) => message) : [issue.message];
    return messages.map((message) => ({ path, message }));
  });
}

/** Options with every default filled in. */
export type Complete<Options> = { readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined> };
