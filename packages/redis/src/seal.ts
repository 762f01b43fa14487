import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

/** Makes records of texts, and texts of records that somebody with one of the keys has made. */
export interface Seal {
  close(text: string): string;
  /** Undefined for a record that nobody vouches for. */
  open(record: string): string | undefined;
}

const lengthOfMac = 43;

/**
 * @param keys the first one makes, all of them open. Without any, records are the texts themselves
 * @param purpose what else the records are bound to: those of another prefix mean nothing here
 */
export function createSeal(keys: readonly KeyObject[], purpose: string): Seal {
  const [newest] = keys;
  if (newest === undefined) return { close: (text) => text, open: (record) => record };
  const sign = (key: KeyObject, text: string): string =>
    createHmac('sha256', key).update(`${purpose}\n${text}`).digest('base64url');

  return {
    close: (text) => sign(newest, text) + text,
    open(record) {
      const mac = Buffer.from(record.slice(0, lengthOfMac));
      const text = record.slice(lengthOfMac);
      const isGood = (key: KeyObject): boolean => {
        const expected = Buffer.from(sign(key, text));
        return mac.length === expected.length && timingSafeEqual(mac, expected);
      };
      return keys.some(isGood) ? text : undefined;
    },
  };
}
