import { describe, expect, it } from 'vitest';
import { decodeBase64url } from './base64url.ts';

describe('decodeBase64url', () => {
  it.each(['', 'AA', 'AAA', 'AAAA', '-_-_'])('decodes %j', (text) => {
    expect(decodeBase64url(text)).toEqual(Buffer.from(text, 'base64url'));
  });

  it.each(['A', 'AB', 'AAB', 'AA=', '+/+/', ' AA', 'A\u00e9'])('refuses %j', (text) => {
    expect(decodeBase64url(text)).toBeUndefined();
  });
});
