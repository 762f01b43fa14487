import { describe, expect, it } from 'vitest';
import { isLanguageTag } from './language-tag.ts';

describe('isLanguageTag', () => {
  // RFC 5646 Appendix A, and the parts of its grammar at their longest.
  it.each([
    ...['it', 'de', 'zh-Hant', 'zh-cmn-Hans-CN', 'cmn-Hans-CN', 'sr-Latn-RS', 'sl-rozaj-biske', 'de-CH-1901'],
    ...['sl-IT-nedis', 'hy-Latn-IT-arevela', 'es-419', 'de-CH-x-phonebk', 'az-Arab-x-AZE-derbend', 'x-whatever'],
    ...['qaa-Qaaa-QM-x-southern', 'en-US-u-islamcal', 'en-a-myext-b-another', 'abcdefgh-0-aa-12345678', 'x-a'],
    ...['IT', 'pt-br', 'zh-aaa-bbb-ccc'],
  ])('takes %s [PRM-14]', (tag) => {
    expect(isLanguageTag(tag)).toBe(true);
  });

  it.each([
    ...['', 'i', '1', 'it-', '-it', 'it--IT', 'it_IT', 'abcdefghi', 'de-419-DE', 'a-DE', 'it-x', 'x', 'x-', 'it-u'],
    ...['it-u-a', 'it-x-123456789', 'zh-aaa-bbb-ccc-ddd', 'it IT', 'it\n', ' it', 'it#en', '\u0131t', 'it-\u212Aa'],
    ...['en-*', 'it-abcdefghi', 'it-1'],
  ])('refuses %j [PRM-14]', (tag) => {
    expect(isLanguageTag(tag)).toBe(false);
  });
});
