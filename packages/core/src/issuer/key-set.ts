import type { CryptoKey, JWSHeaderParameters } from 'jose';
import { UnavailableError } from '../errors.ts';
import type { PublishedKeys } from './json-web-keys.ts';
import { createRenewable, type Loaded, type RenewableOptions } from './renewable.ts';

/** The state of the keys of one issuer. */
export interface KeySetHealth {
  /** How long ago the keys in use were fetched; absent before the first success. */
  readonly ageSeconds?: number;
  /** Why the last fetch failed; absent when it succeeded. */
  readonly lastError?: UnavailableError['code'];
}

/** Keys that fit a token, and the set that they are of. */
export interface OfferedKeys {
  readonly keys: readonly CryptoKey[];
  readonly published: PublishedKeys;
  /** How long ago the set was fetched. */
  readonly ageSeconds: number;
}

/** The keys of one issuer: decides when they are fetched, and which of them fit a token. */
export interface KeySet {
  /**
   * The keys that fit; then, for those to whom they were not good enough, the keys that fit in a newer set. So a key that
   * is not known yet is found, and one that changed under its `kid`. A newer set is fetched once in `cooldownSeconds` at
   * most, for all who wait; whoever is content with the first keys never waits for it.
   *
   * @throws UnavailableError when no set can be had, or when no key fits and the last fetch failed: the token may be good
   */
  offer(header: JWSHeaderParameters): AsyncIterable<OfferedKeys>;
  /** True while the issuer publishes these very keys, as far as is known without waiting. */
  isCurrent(published: PublishedKeys): boolean;
  /** Resolves when keys are loaded. @throws UnavailableError */
  ready(): Promise<void>;
  health(): KeySetHealth;
}

export function createKeySet(options: RenewableOptions<PublishedKeys>): KeySet {
  const { now } = options;
  const current = createRenewable(options);

  async function select({ value, at }: Loaded<PublishedKeys>, header: JWSHeaderParameters): Promise<OfferedKeys> {
    const keys = await value.select(header);
    return { keys, published: value, ageSeconds: Math.max(0, (now() - at) / 1000) };
  }

  return {
    async *offer(header) {
      const atHand = current.peek();
      const known = atHand ?? (await current.get());
      const first = await select(known, header);
      if (first.keys.length > 0) yield first;
      // What was fetched a moment ago for this very token cannot be newer now.
      if (atHand === undefined && current.fault() === undefined) return;
      const newer = await current.renew(known).catch((error: unknown) => {
        // A signature that the known keys refute is bad, whether or not the issuer can be reached.
        if (first.keys.length > 0 && error instanceof UnavailableError) return undefined;
        throw error;
      });
      if (newer === undefined || newer.value === known.value) return;
      const second = await select(newer, header);
      if (second.keys.length > 0) yield second;
    },
    isCurrent: (published) => current.peek()?.value === published,
    async ready() {
      await current.get();
    },
    health() {
      const ageSeconds = current.ageSeconds();
      const fault = current.fault();
      return {
        ...(ageSeconds === undefined ? {} : { ageSeconds }),
        ...(fault === undefined ? {} : { lastError: fault.code }),
      };
    },
  };
}

/** Keys that were configured: always there, never older. */
export function createConstantKeySet(published: PublishedKeys): KeySet {
  return {
    async *offer(header) {
      const keys = await published.select(header);
      if (keys.length > 0) yield { keys, published, ageSeconds: 0 };
    },
    isCurrent: (other) => other === published,
    ready: async () => undefined,
    health: () => ({ ageSeconds: 0 }),
  };
}
