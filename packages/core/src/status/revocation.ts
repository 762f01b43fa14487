import { z } from 'zod';
import { textSchema } from '../schema.ts';

/**
 * What is revoked: all tokens of one issuer that name this. `actor` is who acts now, by `act`, with the issuer of the token
 * unless it has another; `thumbprint` is that of the key or the certificate that the token is bound to.
 */
export type RevocationTarget = { readonly iss: string } & (
  | { readonly tokenId: string }
  | { readonly sub: string }
  | { readonly session: string }
  | { readonly clientId: string }
  | { readonly actor: { readonly sub: string; readonly iss?: string | undefined } }
  | { readonly thumbprint: string }
  | { readonly task: string }
);

/** One entry of a revocation list: there is one for each target and author. */
export type Revocation = RevocationTarget & {
  /** Names the entry. The same target and author always have the same. */
  readonly id: string;
  /** Tokens with an `iat` before this are refused, … */
  readonly issuedBefore: Date;
  /** … and until then. */
  readonly expiresAt: Date;
  /** When it was revoked, last. */
  readonly at: Date;
  /** Whoever revoked it, and alone can lift it. */
  readonly author: string;
  /** For decisions and lists. Callers never see it. */
  readonly reason?: string;
};

/** What to revoke, and what to note of it. */
export type NewRevocation = RevocationTarget & {
  /**
   * Tokens that were issued later are good; rounded up to a second. Default, for a subject, a client and an actor: now and
   * the clock tolerance, so that what they get from then on works. For a session, a task and a thumbprint: one longest
   * lifetime of tokens from now, because none of them should come back. It means nothing for a token.
   */
  readonly issuedBefore?: Date | undefined;
  /**
   * When the entry goes. Default: once every token that it is about has expired, by `maxTokenLifetimeSeconds` of the
   * issuer. An earlier time makes it a block that ends: the tokens work again.
   */
  readonly expiresAt?: Date | undefined;
  /** At most 200 characters. */
  readonly reason?: string | undefined;
  /** Default: `application`. */
  readonly author?: string | undefined;
};

function makeText(mostCharacters: number): z.ZodType<string, string> {
  return z
    .string()
    .min(1)
    .max(mostCharacters)
    .refine((text) => text.isWellFormed(), 'must be well-formed text');
}

/** What an entry may name. The order is that in which a token is looked for. */
export const revocationKinds = ['tokenId', 'sub', 'session', 'clientId', 'actor', 'thumbprint', 'task'] as const;
export type RevocationKind = (typeof revocationKinds)[number];

/** A target as lists file it. */
export interface FiledTarget {
  readonly kind: RevocationKind;
  readonly iss: string;
  readonly value: string;
}

/** Longer ones are in no token: it could not be sent. */
const name = makeText(16_384);
const reason = makeText(200);
const thumbprint = textSchema((text) =>
  /^[A-Za-z0-9_-]{43}$/.test(text) ? undefined : 'must be a SHA-256 in base64url',
);
const actor = z.strictObject({ sub: name, iss: name.optional() });

const targetShape = {
  iss: name,
  tokenId: name.optional(),
  sub: name.optional(),
  session: name.optional(),
  clientId: name.optional(),
  actor: actor.optional(),
  thumbprint: thumbprint.optional(),
  task: name.optional(),
};

/** Looks at what was given, valid or not, so that it is reported beside other problems. */
function reportOtherThanOne(given: object, context: z.RefinementCtx): void {
  const named = revocationKinds.filter((kind) => kind in given && given[kind as keyof typeof given] !== undefined);
  if (named.length === 1) return;
  const message = `must name one of ${revocationKinds.join(', ')}`;
  context.addIssue({ code: 'custom', path: named.slice(1, 2), message });
}

/** No time of an entry is beyond what a `Date` can hold. */
const latest = new Date('9999-01-01T00:00:00Z');

function isObject({ value }: { value: unknown }): boolean {
  return typeof value === 'object' && value !== null;
}

export const targetSchema: z.ZodType<RevocationTarget> = z
  .strictObject(targetShape)
  .superRefine(reportOtherThanOne, { when: isObject }) as unknown as z.ZodType<RevocationTarget>;

/** A `NewRevocation` whose times are of this schema. */
export function makeRevocationSchema(time: z.ZodType<Date>): z.ZodType<NewRevocation> {
  return z
    .strictObject({
      ...targetShape,
      issuedBefore: time.refine((date) => date <= latest, 'is too far ahead').optional(),
      expiresAt: time.refine((date) => date <= latest, 'is too far ahead').optional(),
      reason: reason.optional(),
      author: name.optional(),
    })
    .superRefine(reportOtherThanOne, { when: isObject })
    .refine(({ tokenId, issuedBefore }) => tokenId === undefined || issuedBefore === undefined, {
      path: ['issuedBefore'],
      message: 'means nothing for a token',
      when: isObject,
    }) as unknown as z.ZodType<NewRevocation>;
}

/** Where lists file a target. For one that is valid. */
export function fileTarget(target: RevocationTarget): FiledTarget {
  const members: Partial<Record<RevocationKind, unknown>> = target;
  const kind = revocationKinds.find((candidate) => members[candidate] !== undefined);
  if (kind === undefined) throw new TypeError('A revocation names what is revoked.');
  const value = 'actor' in target && kind === 'actor' ? actorValue(target.actor, target.iss) : String(members[kind]);
  return { kind, iss: target.iss, value };
}

/** An actor as one string, different for every different two. */
export function actorValue(
  { iss, sub }: { readonly iss?: string | undefined; readonly sub: string },
  tokenIssuer: string,
): string {
  return JSON.stringify([iss ?? tokenIssuer, sub]);
}

/** The target that is filed there. */
export function unfileTarget({ kind, iss, value }: FiledTarget): RevocationTarget {
  if (kind !== 'actor') return { iss, [kind]: value } as unknown as RevocationTarget;
  const [actorIss, sub] = JSON.parse(value) as [string, string];
  return { iss, actor: { sub, iss: actorIss } };
}

/** The id of the entry of this target and author. */
export function writeId({ kind, iss, value }: FiledTarget, author: string): string {
  return Buffer.from(JSON.stringify([kind, iss, value, author])).toString('base64url');
}

const actorSchema = z.tuple([z.string(), z.string()]);
const idSchema = z.tuple([z.enum(revocationKinds), z.string(), z.string(), z.string()]);

/** What an id says; undefined for a text that is none. */
export function readId(id: string): { readonly target: FiledTarget; readonly author: string } | undefined {
  const parsed = idSchema.safeParse(parseJson(Buffer.from(id, 'base64url').toString()));
  if (!parsed.success) return undefined;
  const [kind, iss, value, author] = parsed.data;
  if (kind === 'actor' && !actorSchema.safeParse(parseJson(value)).success) return undefined;
  const target = { kind, iss, value };
  // Many texts decode to the same: one of them is the id.
  return writeId(target, author) === id ? { target, author } : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const time = z.number().min(0).max(latest.getTime());
const recordSchema = z
  .strictObject({
    ...targetShape,
    issuedBefore: time,
    expiresAt: time,
    at: time,
    author: name,
    reason: reason.optional(),
  })
  .superRefine(reportOtherThanOne);

/** An entry as text, for stores that carry it from one process to another. */
export function writeRevocation({ id: _id, ...revocation }: Revocation): string {
  const { issuedBefore, expiresAt, at } = revocation;
  return JSON.stringify({
    ...revocation,
    issuedBefore: issuedBefore.getTime(),
    expiresAt: expiresAt.getTime(),
    at: at.getTime(),
  });
}

/** The entry that a text stands for; undefined for any other text. */
export function readRevocation(text: string): Revocation | undefined {
  const parsed = recordSchema.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const { issuedBefore, expiresAt, at, author, reason: given, ...target } = parsed.data;
  const filed = fileTarget(target as RevocationTarget);
  return {
    id: writeId(filed, author),
    ...unfileTarget(filed),
    issuedBefore: new Date(issuedBefore),
    expiresAt: new Date(expiresAt),
    at: new Date(at),
    author,
    ...(given === undefined ? {} : { reason: given }),
  };
}
