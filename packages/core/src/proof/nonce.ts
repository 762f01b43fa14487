import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from '../base64url.ts';

/** What a nonce is worth now. One that is `aging` is good, and has a younger one sent ahead (RFC 9449 §8.2). */
export type NonceState = 'fresh' | 'aging' | 'invalid';

/**
 * Nonces that this resource gave out, and nobody stores: a time and random bytes under a MAC (RFC 9449 §9, §11.3). Every
 * process with the same secrets knows them.
 */
export interface Nonces {
  /**
   * A new one: unpredictable, of the characters A–Z a–z 0–9 - _ (RFC 9449 §8.1).
   *
   * @param epoch that of the replay store; empty where it has none
   */
  issue(epoch: string): string;
  /** Missing, foreign, forged and expired ones are all `invalid`, and so are those of another epoch. */
  judge(nonce: string | undefined, epoch: string): NonceState;
}

const timeBytes = 6;
const randomPart = 12;
const macBytes = 16;
const macStart = timeBytes + randomPart;
const textLength = Math.ceil(((macStart + macBytes) * 8) / 6);

export function createNonces(options: {
  readonly resource: string;
  /** Newest first: the first one makes nonces, all of them judge. */
  readonly secrets: readonly KeyObject[];
  readonly lifetimeSeconds: number;
  /** How far the clocks of processes that share the secrets may be apart. */
  readonly toleranceSeconds: number;
  readonly now: () => number;
}): Nonces {
  const { resource, secrets, lifetimeSeconds, toleranceSeconds, now } = options;
  const [newest] = secrets;
  if (newest === undefined) throw new TypeError('A nonce needs a secret.');
  const sign = (key: KeyObject, content: Uint8Array, epoch: string): Buffer =>
    createHmac('sha256', key)
      .update(content)
      .update(JSON.stringify([resource, epoch]))
      .digest()
      .subarray(0, macBytes);

  return {
    issue(epoch) {
      const content = Buffer.alloc(macStart);
      content.writeUIntBE(Math.max(0, Math.trunc(now())), 0, timeBytes);
      randomBytes(randomPart).copy(content, timeBytes);
      return Buffer.concat([content, sign(newest, content, epoch)]).toString('base64url');
    },
    judge(nonce, epoch) {
      const bytes = nonce?.length === textLength ? decodeBase64url(nonce) : undefined;
      if (bytes === undefined) return 'invalid';
      const content = bytes.subarray(0, macStart);
      const mac = bytes.subarray(macStart);
      if (!secrets.some((key) => timingSafeEqual(sign(key, content, epoch), mac))) return 'invalid';
      const age = (now() - Buffer.from(content).readUIntBE(0, timeBytes)) / 1000;
      if (!(age >= -toleranceSeconds && age <= lifetimeSeconds)) return 'invalid';
      return age > lifetimeSeconds / 2 ? 'aging' : 'fresh';
    },
  };
}
