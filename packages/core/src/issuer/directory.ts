import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { BoundedMap } from '../bounded-map.ts';
import type { CompleteEnvironment } from '../environment.ts';
import { ConfigurationError, UnavailableError } from '../errors.ts';
import { freezeDeeply } from '../freeze.ts';
import { findIdentifierFault } from '../identifier.ts';
import { functionSchema, parseSettings, readyOr, textSchema } from '../schema.ts';
import { withTimeout } from '../timeout.ts';
import { isTrustedIssuer, makeIssuer } from './issuer.ts';
import { type IssuerOptions, type IssuerSettings, issuerSchema } from './options.ts';
import { createRenewable, type Renewable } from './renewable.ts';
import type { Issuer, TrustedIssuer, TrustedIssuers } from './trusted.ts';

/**
 * Finds issuers while the process runs: one for each tenant, say. It is asked about an issuer when a token names it, and
 * again after `refreshSeconds`; many requests that wait for the same answer ask once.
 */
export interface IssuerDirectory {
  /**
   * The issuer with exactly this identifier, or nothing where its tokens are not accepted. The identifier is what
   * anybody wrote into a token: look it up, fetch nothing from it. An answer that takes more than five seconds, or an
   * error, is 503 to the caller; an issuer that is known already serves on for an hour.
   */
  find(issuer: string): Promise<string | IssuerOptions | Issuer | undefined | null>;
  /** The issuers that the metadata of the resource names (`authorization_servers`). */
  readonly advertised: readonly string[];
  /** How long an answer counts: an issuer that the directory drops is refused after this long. Default 60. */
  readonly refreshSeconds?: number | undefined;
}

export interface DirectorySettings extends IssuerDirectory {
  readonly refreshSeconds: number;
}

const maxStaleSeconds = 3600;
const timeoutSeconds = 5;
/** After an answer that failed. */
const cooldownSeconds = 1;
/** How long it is remembered that the directory does not know an issuer, and of how many. */
const unknownSeconds = 10;
const maxUnknown = 1000;
/** Questions about issuers that are not known yet: the only ones that anybody can cause. */
const maxQuestions = 32;
/** Longer identifiers are nobody's. */
const maxIdentifierLength = 1024;

/** A directory may be an instance of the user's: what it has beside these members is its own. */
export const directorySchema: z.ZodType<DirectorySettings> = z
  .custom<IssuerDirectory>()
  .transform((directory, context) => {
    const parsed = directoryShape.safeParse(directory);
    if (!parsed.success) {
      context.issues.push(...(parsed.error.issues as typeof context.issues));
      return z.NEVER;
    }
    return { ...parsed.data, find: (issuer: string) => directory.find(issuer) };
  });

const directoryShape = z.object({
  find: functionSchema<IssuerDirectory['find']>(),
  advertised: z.array(textSchema(findIdentifierFault)),
  refreshSeconds: z.number().positive().max(3600).default(60),
});

const answerSchema = readyOr(isTrustedIssuer, issuerSchema);

/** @param capacity how many issuers are kept at once */
export function openDirectory(
  directory: DirectorySettings,
  environment: CompleteEnvironment,
  capacity: number,
): TrustedIssuers {
  const { now } = environment;
  const known = new BoundedMap<string, Renewable<TrustedIssuer | undefined>>(capacity);
  const unknown = new BoundedMap<string, number>(maxUnknown);
  const questions = new Map<string, Promise<TrustedIssuer | undefined>>();
  const settingsOf = new WeakMap<TrustedIssuer, IssuerSettings>();

  /** Asks the directory. An answer that says the same as before is the same issuer, with the keys that it has. */
  async function resolve(iss: string, before: TrustedIssuer | undefined): Promise<TrustedIssuer | undefined> {
    const answer = await ask(iss);
    if (answer === undefined || answer === null) return undefined;
    const found = readAnswer(iss, answer);
    if (isTrustedIssuer(found)) return found;
    if (before !== undefined && isDeepStrictEqual(settingsOf.get(before), found)) return before;
    const issuer = makeIssuer(freezeDeeply(found), environment);
    settingsOf.set(issuer, found);
    return issuer;
  }

  async function ask(iss: string): Promise<unknown> {
    try {
      return await withTimeout(directory.find(iss), timeoutSeconds);
    } catch (error) {
      throw new UnavailableError('ERR_DIRECTORY_UNAVAILABLE', cooldownSeconds, { cause: error });
    }
  }

  /** An issuer that is not known yet. */
  async function learn(iss: string): Promise<TrustedIssuer | undefined> {
    const load = (before: TrustedIssuer | undefined) => resolve(iss, before);
    const { refreshSeconds } = directory;
    const entry = createRenewable<TrustedIssuer | undefined>({
      load,
      now,
      refreshSeconds,
      cooldownSeconds,
      maxStaleSeconds,
    });
    const { value } = await entry.get();
    if (value === undefined) unknown.set(iss, now());
    else known.set(iss, entry);
    return value;
  }

  function learnOnce(iss: string): Promise<TrustedIssuer | undefined> {
    const asked = questions.get(iss);
    if (asked !== undefined) return asked;
    if (questions.size >= maxQuestions) throw new UnavailableError('ERR_DIRECTORY_BUSY', cooldownSeconds);
    const question = learn(iss).finally(() => questions.delete(iss));
    questions.set(iss, question);
    return question;
  }

  /** What the directory gave up is unknown from now on. */
  function accept(iss: string, issuer: TrustedIssuer | undefined): TrustedIssuer | undefined {
    if (issuer === undefined) {
      known.delete(iss);
      unknown.set(iss, now());
    }
    return issuer;
  }

  function isKnownToBeUnknown(iss: string): boolean {
    const at = unknown.get(iss);
    return at !== undefined && Math.abs(now() - at) < unknownSeconds * 1000;
  }

  return {
    find(iss) {
      const entry = known.get(iss);
      if (entry !== undefined) {
        const atHand = entry.peek();
        return atHand === undefined ? entry.get().then(({ value }) => accept(iss, value)) : accept(iss, atHand.value);
      }
      if (iss.length > maxIdentifierLength || findIdentifierFault(iss) !== undefined) return undefined;
      return isKnownToBeUnknown(iss) ? undefined : learnOnce(iss);
    },
    // Such a token names nobody whom the directory could be asked about.
    findOpaque: () => undefined,
    canAsk: true,
    isCurrent: (issuer) => known.get(issuer.issuer)?.peek()?.value === issuer,
    advertised: directory.advertised,
    ready: async () => undefined,
    health: () => listKnown().map((issuer) => issuer.health()),
    close() {
      for (const issuer of listKnown()) if (settingsOf.has(issuer)) issuer.close();
    },
  };

  function listKnown(): readonly TrustedIssuer[] {
    return [...known.values()].flatMap((entry) => entry.peek()?.value ?? []);
  }
}

function readAnswer(iss: string, answer: unknown): TrustedIssuer | IssuerSettings {
  try {
    const found = parseSettings('answer of the directory', answerSchema, answer);
    if (found.issuer === iss) return found;
    throw new ConfigurationError('answer of the directory', [{ path: 'issuer', message: 'is another issuer' }]);
  } catch (error) {
    throw new UnavailableError('ERR_DIRECTORY_INVALID', cooldownSeconds, { cause: error });
  }
}
