import { UnavailableError } from '../errors.ts';
import { type Ready, whenReady } from '../ready.ts';
import type { JwsHeader } from './algorithms.ts';
import type { PublishedKeys } from './json-web-keys.ts';
import { createRenewable, type Loaded, type RenewableOptions } from './renewable.ts';
import type { VerificationKey } from './signature.ts';

/** The state of the keys of one issuer. */
export interface KeySetHealth {
  /** How long ago the keys in use were fetched; absent before the first success. */
  readonly ageSeconds?: number;
  /** Why the last fetch failed; absent when it succeeded. */
  readonly lastError?: UnavailableError['code'];
}

/** Keys that fit a token, and the set that they are of. */
export interface OfferedKeys {
  /** None where nothing in the set fits. */
  readonly keys: readonly VerificationKey[];
  readonly published: PublishedKeys;
  /** How long ago the set was fetched. */
  readonly ageSeconds: number;
  /**
   * The keys that fit in a newer set, for a token that none of these verifies; undefined where there is no newer set. So a
   * key that is not known yet is found, and one that changed under its `kid`. A newer set is fetched once in
   * `cooldownSeconds` at most, for all who wait; whoever is content with these keys never waits for it.
   *
   * @throws UnavailableError when no key fits and the last fetch failed: the token may be good
   */
  renew(): Promise<Omit<OfferedKeys, 'renew'> | undefined>;
}

/** The keys of one issuer: decides when they are fetched, and which of them fit a token. */
export interface KeySet {
  /** The keys of the set at hand that fit. @throws UnavailableError when no set can be had */
  select(header: JwsHeader): Ready<OfferedKeys>;
  /** True while the issuer publishes these very keys, as far as is known without waiting. */
  isCurrent(published: PublishedKeys): boolean;
  /** Resolves when keys are loaded. @throws UnavailableError */
  ready(): Promise<void>;
  health(): KeySetHealth;
}

export function createKeySet(options: RenewableOptions<PublishedKeys>): KeySet {
  const { now } = options;
  const current = createRenewable(options);

  function selectFrom({ value, at }: Loaded<PublishedKeys>, header: JwsHeader): Ready<Omit<OfferedKeys, 'renew'>> {
    const ageSeconds = Math.max(0, (now() - at) / 1000);
    return whenReady(value.select(header), (keys) => ({ keys, published: value, ageSeconds }));
  }

  async function renew(
    { keys }: Omit<OfferedKeys, 'renew'>,
    known: Loaded<PublishedKeys>,
    header: JwsHeader,
  ): ReturnType<OfferedKeys['renew']> {
    const newer = await current.renew(known).catch((error: unknown) => {
      // A signature that the known keys refute is bad, whether or not the issuer can be reached.
      if (keys.length > 0 && error instanceof UnavailableError) return undefined;
      throw error;
    });
    return newer === undefined || newer.value === known.value ? undefined : selectFrom(newer, header);
  }

  return {
    select(header) {
      const atHand = current.peek();
      return whenReady(atHand ?? current.get(), (known) =>
        whenReady(selectFrom(known, header), (offered) => ({
          ...offered,
          async renew() {
            // What was fetched a moment ago for this very token cannot be newer now.
            if (atHand === undefined && current.fault() === undefined) return undefined;
            return renew(offered, known, header);
          },
        })),
      );
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
    select: (header) =>
      whenReady(published.select(header), (keys) => ({
        keys,
        published,
        ageSeconds: 0,
        renew: async () => undefined,
      })),
    isCurrent: (other) => other === published,
    ready: async () => undefined,
    health: () => ({ ageSeconds: 0 }),
  };
}
