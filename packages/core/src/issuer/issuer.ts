import { type CompleteEnvironment, type Environment, environmentSchema } from '../environment.ts';
import { UnavailableError } from '../errors.ts';
import { freezeDeeply } from '../freeze.ts';
import { parseSettings } from '../schema.ts';
import { discover } from './discovery.ts';
import { createJsonFetcher, FetchFault, type FetchJson } from './fetch-json.ts';
import { listKeys, type PublishedKeys, publishKeys } from './json-web-keys.ts';
import { createConstantKeySet, createKeySet } from './key-set.ts';
import { type IssuerOptions, type IssuerSettings, issuerSchema } from './options.ts';
import type { Issuer, TrustedIssuer } from './trusted.ts';

const trusted = new WeakSet<object>();

/** True for what `createIssuer` of this very module has made: nothing else brings its own keys. */
export function isTrustedIssuer(value: unknown): value is TrustedIssuer {
  return typeof value === 'object' && value !== null && trusted.has(value);
}

/**
 * Makes an issuer for verifiers to share, so that its keys are fetched once for all of them. Nothing is fetched before
 * the first token, or `ready()`. Close it when no verifier uses it any more.
 *
 * @throws ConfigurationError with every problem of the options
 */
export function createIssuer(options: string | IssuerOptions, environment: Environment = {}): Issuer {
  const settings = freezeDeeply(parseSettings('issuer', issuerSchema, options));
  return makeIssuer(settings, parseSettings('environment of the issuer', environmentSchema, environment));
}

/** Where the keys of an issuer are, and when it said so. */
interface KeyLocation {
  readonly uri: string;
  readonly at: number;
}

export function makeIssuer(settings: IssuerSettings, { fetch, now }: CompleteEnvironment): TrustedIssuer {
  const { issuer, audience, tokenProfile, claims, maxTokenLifetimeSeconds, algorithms, jwks, jwksUri } = settings;
  const { timeoutSeconds, cooldownSeconds, refreshSeconds, maxStaleSeconds } = settings.keys;
  const fetcher = createJsonFetcher({ fetch, timeoutSeconds });
  let location: KeyLocation | undefined;

  /** Every refresh asks for the metadata again; a fetch between two of them goes straight to the keys. */
  async function locateKeys(fetchJson: FetchJson): Promise<string> {
    const at = now();
    if (location === undefined || Math.abs(at - location.at) > (refreshSeconds * 1000) / 2) {
      // A third of the time for each document, if need be.
      const { jwksUri: uri } = await discover(issuer, fetchJson, timeoutSeconds / 3);
      location = { uri, at };
    }
    return location.uri;
  }

  async function loadKeys(before: PublishedKeys | undefined): Promise<PublishedKeys> {
    let document: keyof typeof codes = 'metadata';
    try {
      return await fetcher.run(async (fetchJson) => {
        const uri = jwksUri ?? (await locateKeys(fetchJson));
        document = 'keys';
        const keys = listKeys(await fetchJson(uri));
        if (keys === undefined) throw new FetchFault('invalid', 'not a JSON Web Key Set');
        return publishKeys(keys, before);
      });
    } catch (error) {
      location = undefined;
      throw new UnavailableError(codes[document][kindOf(error)], cooldownSeconds, { cause: error });
    }
  }

  const keys =
    jwks === undefined
      ? createKeySet({ load: loadKeys, now, refreshSeconds, cooldownSeconds, maxStaleSeconds })
      : createConstantKeySet(publishKeys(jwks.keys));

  const made: TrustedIssuer = Object.freeze({
    issuer,
    audiences: typeof audience === 'string' ? [audience] : audience,
    tokenProfile,
    claims,
    maxTokenLifetimeSeconds,
    algorithms,
    keys,
    ready: () => keys.ready(),
    health: () => ({ issuer, keys: keys.health() }),
    close: () => fetcher.close(),
  });
  trusted.add(made);
  return made;
}

const codes = {
  metadata: { unavailable: 'ERR_METADATA_UNAVAILABLE', invalid: 'ERR_METADATA_INVALID' },
  keys: { unavailable: 'ERR_KEYS_UNAVAILABLE', invalid: 'ERR_KEYS_INVALID' },
} as const;

/** What answers wrongly is more telling than what does not answer. Anything but a fault of the issuer is a bug. */
function kindOf(error: unknown): FetchFault['kind'] {
  const faults: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  const bug = faults.find((fault) => !(fault instanceof FetchFault));
  if (bug !== undefined) throw bug;
  return faults.some((fault) => fault instanceof FetchFault && fault.kind === 'invalid') ? 'invalid' : 'unavailable';
}
