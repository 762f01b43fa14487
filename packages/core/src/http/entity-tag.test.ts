import { describe, expect, it } from 'vitest';
import { createEntityTag, hasEntityTag } from './entity-tag.ts';

describe('createEntityTag', () => {
  it('gives the same strong tag for the same text alone', () => {
    const tags = ['{}', '{}', '{} ', '\u00E9', 'e\u0301'].map(createEntityTag);
    expect(new Set(tags).size).toBe(4);
    for (const tag of tags) expect(tag).toMatch(/^"[A-Za-z0-9_-]{43}"$/);
  });
});

describe('hasEntityTag', () => {
  const tag = '"a-b_c"';

  it.each([
    [['"a-b_c"']],
    [['W/"a-b_c"']],
    [['"x", "a-b_c"']],
    [['"x",W/"a-b_c" , "y"']],
    [['"x, y", "a-b_c"']],
    [['"x"', '"a-b_c"']],
    [['*']],
    [[' * ']],
    [['', '"a-b_c"']],
  ])('finds it in the lines %j', (lines) => {
    expect(hasEntityTag({ 'if-none-match': lines }, tag)).toBe(true);
  });

  it.each([
    [[]],
    [['']],
    [['"A-B_C"']],
    [['"a-b_c']],
    [['a-b_c']],
    [['"a-b_cd"']],
    [['"x,"a-b_c",y"']],
    [['"*"']],
    [['W/*']],
  ])('does not find it in the lines %j', (lines) => {
    expect(hasEntityTag({ 'if-none-match': lines }, tag)).toBe(false);
  });

  it('looks at If-None-Match alone', () => {
    expect(hasEntityTag({ 'if-match': [tag], etag: [tag] }, tag)).toBe(false);
    expect(hasEntityTag({}, tag)).toBe(false);
  });
});
