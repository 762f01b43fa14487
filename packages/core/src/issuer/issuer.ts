import { UnavailableError } from '../errors.ts';
import type { JwsAlgorithm } from './algorithms.ts';
import { discover } from './discovery.ts';
import { createJsonFetcher, FetchFault } from './fetch-json.ts';
import { createKeySelector, listKeys, type SelectKeys } from './json-web-keys.ts';
import { createConstantKeySet, createKeySet, type KeySet, type KeySetHealth } from './key-set.ts';
import type { IssuerSettings } from './options.ts';

/** An authorization server whose tokens are accepted. */
export interface Issuer {
  readonly issuer: string;
  /** The audiences that are ours in its tokens; the resource itself where it sets none. */
  readonly audiences: readonly string[] | undefined;
  readonly algorithms: readonly JwsAlgorithm[];
  readonly keys: KeySet;
  health(): IssuerHealth;
  close(): void;
}

/** The state of one issuer, as this process knows it. */
export interface IssuerHealth {
  readonly issuer: string;
  readonly keys: KeySetHealth;
}

export interface IssuerEnvironment {
  readonly fetch: typeof globalThis.fetch;
  readonly now: () => number;
}

/** Nothing is fetched before the first token, or `keys.ready()`. */
export function createIssuer(settings: IssuerSettings, { fetch, now }: IssuerEnvironment): Issuer {
  const { issuer, audience, algorithms, jwks, jwksUri } = settings;
  const { timeoutSeconds, cooldownSeconds, refreshSeconds, maxStaleSeconds } = settings.keys;
  const fetcher = createJsonFetcher({ fetch, timeoutSeconds });

  async function fetchKeys(): Promise<SelectKeys> {
    const uri = jwksUri ?? (await discover(issuer, fetcher, cooldownSeconds)).jwksUri;
    try {
      const document = await fetcher.fetch(uri);
      const keys = listKeys(document);
      if (keys === undefined) throw new FetchFault('invalid', 'not a JSON Web Key Set');
      return createKeySelector(keys);
    } catch (error) {
      if (!(error instanceof FetchFault)) throw error;
      const code = error.kind === 'invalid' ? 'ERR_KEYS_INVALID' : 'ERR_KEYS_UNAVAILABLE';
      throw new UnavailableError(code, cooldownSeconds, { cause: error });
    }
  }

  const keys =
    jwks === undefined
      ? createKeySet({ load: fetchKeys, now, refreshSeconds, cooldownSeconds, maxStaleSeconds })
      : createConstantKeySet(createKeySelector(jwks.keys));

  return {
    issuer,
    audiences: typeof audience === 'string' ? [audience] : audience,
    algorithms,
    keys,
    health: () => ({ issuer, keys: keys.health() }),
    close: () => fetcher.close(),
  };
}
