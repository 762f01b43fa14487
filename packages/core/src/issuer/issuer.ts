import { type CompleteEnvironment, type Environment, environmentSchema } from '../environment.ts';
import { UnavailableError } from '../errors.ts';
import { freezeDeeply } from '../freeze.ts';
import { parseSettings } from '../schema.ts';
import { discover, kindOfFault, readEndpoint } from './discovery.ts';
import { createJsonFetcher, FetchFault, type FetchJson } from './fetch-json.ts';
import { createIssuerIntrospection } from './introspection/create.ts';
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

/** Where the keys of an issuer are, and when it said so. One that publishes none has no place for them. */
interface KeyLocation {
  readonly uri: string | undefined;
  readonly at: number;
}

export function makeIssuer(settings: IssuerSettings, { fetch, now }: CompleteEnvironment): TrustedIssuer {
  const { issuer, audience, tokenProfile, claims, maxTokenLifetimeSeconds, algorithms, jwks, jwksUri, recheckSeconds } =
    settings;
  const { timeoutSeconds, cooldownSeconds, refreshSeconds, maxStaleSeconds } = settings.keys;
  /** Opaque tokens need no keys (RFC 8414 §2: `jwks_uri` is optional). Where they are all, there may be none. */
  const mayLackKeys = settings.introspection?.opaqueTokens === 'accept';
  const fetcher = createJsonFetcher({ fetch, timeoutSeconds });
  let location: KeyLocation | undefined;

  /** Every refresh asks for the metadata again; a fetch between two of them goes straight to the keys. */
  async function locateKeys(fetchJson: FetchJson): Promise<string | undefined> {
    const at = now();
    if (location === undefined || Math.abs(at - location.at) > (refreshSeconds * 1000) / 2) {
      // A third of the time for each document, if need be.
      const uri = await discover(issuer, fetchJson, timeoutSeconds / 3, (members) =>
        mayLackKeys && members['jwks_uri'] === undefined ? undefined : readEndpoint(members, 'jwks_uri', issuer),
      );
      location = { uri, at };
    }
    return location.uri;
  }

  async function loadKeys(before: PublishedKeys | undefined): Promise<PublishedKeys> {
    let document: keyof typeof codes = 'metadata';
    try {
      return await fetcher.run(async (fetchJson) => {
        const uri = jwksUri ?? (await locateKeys(fetchJson));
        if (uri === undefined) return publishKeys([], before);
        document = 'keys';
        const keys = listKeys(await fetchJson(uri));
        if (keys === undefined) throw new FetchFault('invalid', 'not a JSON Web Key Set');
        return publishKeys(keys, before);
      });
    } catch (error) {
      location = undefined;
      throw new UnavailableError(codes[document][kindOfFault(error)], cooldownSeconds, { cause: error });
    }
  }

  const keys =
    jwks === undefined
      ? createKeySet({ load: loadKeys, now, refreshSeconds, cooldownSeconds, maxStaleSeconds })
      : createConstantKeySet(publishKeys(jwks.keys));

  const introspection =
    settings.introspection && createIssuerIntrospection(settings, settings.introspection, { fetcher, keys, now });

  const made: TrustedIssuer = Object.freeze({
    issuer,
    audiences: typeof audience === 'string' ? [audience] : audience,
    tokenProfile,
    claims,
    maxTokenLifetimeSeconds,
    algorithms,
    keys,
    introspection,
    recheckSeconds,
    async ready() {
      await Promise.all([keys.ready(), introspection?.ready()]);
    },
    health: () => ({
      issuer,
      keys: keys.health(),
      ...(introspection === undefined ? {} : { introspection: introspection.health() }),
    }),
    close() {
      fetcher.close();
      introspection?.close();
    },
  });
  trusted.add(made);
  return made;
}

const codes = {
  metadata: {
    unavailable: 'ERR_METADATA_UNAVAILABLE',
    invalid: 'ERR_METADATA_INVALID',
    absent: 'ERR_METADATA_INVALID',
  },
  keys: { unavailable: 'ERR_KEYS_UNAVAILABLE', invalid: 'ERR_KEYS_INVALID', absent: 'ERR_KEYS_INVALID' },
} as const;
