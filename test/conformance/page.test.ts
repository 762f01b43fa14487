import { describe, expect, test } from 'vitest';
import type { Manifest } from './manifest.mjs';
import { renderPage, renderSummary, replaceSummary } from './page.mjs';

const must = { level: 'MUST', parties: ['RS'], requirement: 'It is so.' } as const;
const manifest: Manifest = {
  specifications: [
    { id: 'RFC 1', title: 'One', url: 'https://one.example', checked: 'read', against: 'the RFC' },
    { id: 'RFC 2', title: 'Two', url: 'https://two.example', checked: 'memory' },
  ],
  sections: [
    {
      file: '01.json',
      title: 'Two words',
      rows: [
        { ...must, id: 'ABC-01', parties: ['RS'], clauses: ['RFC 1 §1', 'RFC 2 §2'], state: 'proven' },
        { ...must, id: 'ABC-02', parties: ['RS', 'C'], clauses: ['RFC 2'], state: 'not-yet', reason: 'Comes later.' },
        {
          ...must,
          id: 'ABC-03',
          parties: ['RS'],
          level: 'DERIVED',
          clauses: [],
          state: 'not-ours',
          reason: 'No part in it.',
        },
      ],
    },
  ],
};
const tests = [
  { file: 'packages/core/src/http/a.test.ts', title: 'is so [ABC-01]', ids: ['ABC-01'] },
  { file: 'packages/core/src/http/a.test.ts', title: 'is so again [ABC-01]', ids: ['ABC-01'] },
  { file: 'test/b.test.ts', title: 'is so here [ABC-01]', ids: ['ABC-01'] },
  { file: 'test/c.test.ts', title: 'is something else', ids: [] },
];
const lines = renderPage(manifest, tests).split('\n');

describe('the page', () => {
  test('counts by section and in all', () => {
    expect(lines).toContain('| [Two words](#two-words) | 1 | 1 | 1 | 3 |');
    expect(lines).toContain('| **All** | **1** | **1** | **1** | **3** |');
  });

  test('counts by specification, and says how its clauses were checked', () => {
    expect(lines).toContain('| [RFC 1](https://one.example): One | 1 | 0 | 0 | 1 | read: the RFC |');
    expect(lines).toContain('| [RFC 2](https://two.example): Two | 1 | 1 | 0 | 2 | from memory |');
    expect(lines).toContain('| None: rules of our own | 0 | 0 | 1 | 1 |  |');
  });

  test('links a proven row to its tests, each file once, and marks clauses that were not read', () => {
    const links = '[core/http/a](../packages/core/src/http/a.test.ts), [test/b](../test/b.test.ts)';
    expect(lines).toContain(
      `| ABC-01 | MUST | RS | It is so. | RFC 1 §1; RFC 2 §2 (from memory) | **proven**: ${links} |`,
    );
  });

  test('gives the reasons of the others', () => {
    expect(lines).toContain('| ABC-02 | MUST | RS, C | It is so. | RFC 2 (from memory) | **not yet**: Comes later. |');
    expect(lines).toContain('| ABC-03 | derived | RS | It is so. |  | **not ours**: No part in it. |');
  });
});

describe('the line of the README', () => {
  test('has the counts', () => {
    expect(renderSummary(manifest)).toBe(
      'Of 3 requirements of 2 specifications, 1 are proven by tests, 1 are not there yet, and 1 are not ours.',
    );
  });

  test('replaces what stands between the marks, and nothing else', () => {
    const page = (line: string) => `# A\n\n<!-- conformance -->\n${line}\n<!-- /conformance -->\n\n$& B\n`;
    expect(replaceSummary(page('Of 2.'), "Of 3: $&, $'.")).toBe(page("Of 3: $&, $'."));
  });

  test.each(['', '<!-- conformance -->\n', '<!-- /conformance -->\na\n<!-- conformance -->\n'])(
    'needs the marks: %j has none',
    (page) => {
      expect(() => replaceSummary(page, 'Of 3.')).toThrow('<!-- conformance -->');
    },
  );
});
