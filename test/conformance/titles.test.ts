import { describe, expect, test } from 'vitest';
import { isMiswritten, listTests, readIds } from './titles.mjs';

const list = (source: string) => listTests('a.test.ts', source).map(({ title, ids }) => [title, ...ids]);

describe('the titles of tests', () => {
  test.each([
    ["it('is so [ABC-01]', () => {});", 'is so [ABC-01]'],
    ["test('is so [ABC-01]', async () => {});", 'is so [ABC-01]'],
    ['it("is so [ABC-01]", () => {});', 'is so [ABC-01]'],
    ["it.each([['[DEF-01]']])('%s [ABC-01]', (_what) => {});", '%s [ABC-01]'],
    ["it.each<[string, number]>([['a', 1]])('%s [ABC-01]', () => {});", '%s [ABC-01]'],
    ["it.each(['[DEF-01]'] as const)('%s [ABC-01]', () => {});", '%s [ABC-01]'],
    ["test.for([1])('%i [ABC-01]', () => {});", '%i [ABC-01]'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source of a test
    ['it.each`a\n${1}`("$a [ABC-01]", () => {});', '$a [ABC-01]'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source of a test
    ['for (const a of [1]) it(`is ${a} so [ABC-01]`, () => {});', 'is … so [ABC-01]'],
    ["it.concurrent('is so [ABC-01]', () => {});", 'is so [ABC-01]'],
    ["it('is so [ABC-01]', { timeout: 5 }, () => {});", 'is so [ABC-01]'],
  ])('are found in %s', (source, title) => {
    expect(list(source)).toEqual([[title, 'ABC-01']]);
  });

  test.each([
    "it.skip('is so [ABC-01]', () => {});",
    "it.todo('is so [ABC-01]');",
    "it.fails('is so [ABC-01]', () => {});",
    "it.skip.each([1])('is so [ABC-01]', () => {});",
    "it.skipIf(process.platform === 'win32')('is so [ABC-01]', () => {});",
    "it.runIf(process.env.REDIS)('is so [ABC-01]', () => {});",
    "it('is so [ABC-01]', { skip: true }, () => {});",
    "describe.skip('a part', () => { it('is so [ABC-01]', () => {}); });",
    "describe.skipIf(true)('a part', () => { describe('of it', () => { it('is so [ABC-01]', () => {}); }); });",
    "describe('a part that is empty [ABC-01]', () => {});",
    "expect('is so [ABC-01]').toBe(1); iterate('is so [ABC-01]'); vi.test('is so [ABC-01]');",
    "const it2 = \"it('is so [ABC-01]', () => {});\"; // it('is so [ABC-01]', () => {});",
    'it(title, () => {});',
  ])('are not those of %s', (source) => {
    expect(list(source)).toEqual([]);
  });

  test('prove what the titles around them cite, and nothing beside', () => {
    const source = `
      describe('a part [ABC-01]', () => {
        it('is so [ABC-02 DEF-01]', () => {});
        describe.skip('of it [ABC-03]', () => { it('is so', () => {}); });
      });
      it('is so too', () => {});
    `;
    expect(list(source)).toEqual([['is so [ABC-02 DEF-01]', 'ABC-01', 'ABC-02', 'DEF-01'], ['is so too']]);
  });

  test('are read from files that can be read', () => {
    expect(() => listTests('a.test.ts', "it('")).toThrow('a.test.ts');
  });
});

describe('the ids of a title', () => {
  test.each([
    ['is so [AT-03]', ['AT-03']],
    ['is so [AT-03 DPOP-10]', ['AT-03', 'DPOP-10']],
    ['is so (RFC 6750 §3) [AT-03]', ['AT-03']],
    ['is [1, 2] [AT-03]', ['AT-03']],
    ['is so', []],
    ['is [1, 2]', []],
    ['takes a token68 of [A-Z]', []],
  ])('of %j are %j', (title, ids) => {
    expect(readIds(title)).toEqual(ids);
    expect(isMiswritten(title)).toBe(false);
  });

  test.each([
    'is so [AT-03].',
    'is so[AT-03]',
    '[AT-03] is so',
    'is so [AT-3]',
    'is so [AT03]',
    'is so [AT-03, AT-04]',
    'is so [AT-03] [AT-04]',
    'is so [at-03 AT-04]',
    'is so [see AT-04]',
  ])('are miswritten in %j', (title) => {
    expect(isMiswritten(title)).toBe(true);
  });
});
