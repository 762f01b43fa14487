import { describe, expect, test } from 'vitest';
import { checkManifest } from './check.mjs';
import type { Row, Specification } from './manifest.mjs';
import { listTests } from './titles.mjs';

const rfc: Specification = { id: 'RFC 1', title: 'One', url: 'https://one.example', checked: 'read' };
const row = (id: string, members: Partial<Row> = {}): Row => ({
  id,
  level: 'MUST',
  parties: ['RS'],
  clauses: ['RFC 1 §1'],
  requirement: 'It is so.',
  state: 'proven',
  ...members,
});
const proof = "it('is so [ABC-01]', () => {});";

interface World {
  readonly rows: readonly Row[];
  readonly others?: readonly Row[];
  readonly source?: string;
  readonly specifications?: readonly Specification[];
}

/** What the check finds, by rule; rules that hold are left out. */
function find({ rows, others = [], source = proof, specifications = [rfc] }: World): Record<string, readonly string[]> {
  const sections = [rows, others].map((own, index) => ({ file: `${index}.json`, title: 'Title', rows: [...own] }));
  const findings = checkManifest({ specifications, sections }, listTests('a.test.ts', source));
  return Object.fromEntries(
    findings.filter(({ offenders }) => offenders.length > 0).map(({ rule, offenders }) => [rule, offenders]),
  );
}

const { state: _, ...withoutState } = row('ABC-02');

describe('the check of the manifest', () => {
  test('finds nothing wrong with a good one', () => {
    const open = row('ABC-02', { state: 'not-yet', reason: 'Later.' });
    const foreign = row('DEF-01', { state: 'not-ours', reason: 'Never.' });
    expect(find({ rows: [row('ABC-01'), open], others: [foreign] })).toEqual({});
  });

  test('finds a row without a state', () => {
    expect(find({ rows: [row('ABC-01'), withoutState] })).toEqual({
      'every row has a state': ['0.json: ABC-02 has no state: give it "proven", "not-yet" or "not-ours"'],
    });
  });

  test.each(['not-yet', 'not-ours'] as const)('finds a row that is %s without a reason', (state) => {
    expect(find({ rows: [row('ABC-01'), row('ABC-02', { state })] })).toEqual({
      'every row that is not proven says why, and no other one does': [`0.json: ABC-02 is ${state}: add the reason`],
    });
  });

  test('finds a reason that a proven row still has', () => {
    expect(find({ rows: [row('ABC-01', { reason: 'Later.' })] })).toEqual({
      'every row that is not proven says why, and no other one does': ['0.json: ABC-01 is proven: remove its reason'],
    });
  });

  test.each<[string, World, readonly string[]]>([
    ['a row twice', { rows: [row('ABC-01'), row('ABC-01')] }, ['0.json: ABC-01 stands where ABC-02 should']],
    [
      'rows out of order',
      { rows: [row('ABC-02'), row('ABC-01')], source: `${proof} it('a [ABC-02]')` },
      ['0.json: ABC-02 stands where ABC-01 should', '0.json: ABC-01 stands where ABC-02 should'],
    ],
    [
      'a gap',
      { rows: [row('ABC-01'), row('ABC-03', { state: 'not-yet', reason: 'Later.' })] },
      ['0.json: ABC-03 stands where ABC-02 should'],
    ],
    [
      'a row in two files',
      { rows: [row('ABC-01')], others: [row('ABC-01')] },
      ['1.json: ABC-01 belongs to the other rows of ABC in 0.json'],
    ],
  ])('finds %s', (_what, world, offenders) => {
    expect(find(world)).toEqual({
      'the rows with one prefix stand in one section, numbered from 01 without a gap': offenders,
    });
  });

  test('finds a clause of no specification, and a specification that nothing cites', () => {
    const other = { ...rfc, id: 'RFC 2' };
    // RFC 1 is not the beginning of RFC 17.
    const rows = [row('ABC-01', { clauses: ['RFC 1', 'RFC 17 §1'] })];
    expect(find({ rows, specifications: [rfc, other] })).toEqual({
      'every clause is of a specification that is listed, and every one that is listed is cited': [
        '0.json: ABC-01 cites "RFC 17 §1", of no specification in specifications.json',
        'specifications.json: no row cites RFC 2; remove it',
      ],
    });
  });

  test.each([
    ['without a test', ''],
    ['whose only test is skipped', "it.skip('is so [ABC-01]', () => {});"],
  ])('finds a proven row %s', (_what, source) => {
    expect(find({ rows: [row('ABC-01')], source })).toEqual({
      'every proven row has a test': [
        '0.json: ABC-01 is proven, but the title of no test that runs ends with [ABC-01]: add the id to the test that proves it, or change the state',
      ],
    });
  });

  test('finds a test that cites no row', () => {
    expect(find({ rows: [row('ABC-01')], source: `${proof} it('is not [ABC-01 ABC-99]', () => {});` })).toEqual({
      'every test cites rows that exist': [
        'a.test.ts: "is not [ABC-01 ABC-99]" cites ABC-99, which is no row: correct the id, or add the row',
      ],
    });
  });

  test.each(['not-yet', 'not-ours'] as const)('finds a row that is %s although a test proves it', (state) => {
    expect(find({ rows: [row('ABC-01', { state, reason: 'Later.' })] })).toEqual({
      'every test cites rows that are proven': [
        `a.test.ts: "is so [ABC-01]" proves ABC-01, but 0.json: ABC-01 is ${state}: make it "proven" and remove its reason, or take the id out of the title`,
      ],
    });
  });

  test('finds ids that stand elsewhere than at the end of a title', () => {
    expect(find({ rows: [row('ABC-01')], source: `${proof} it('is [ABC-01] so', () => {});` })).toEqual({
      'every citation can be read: ids in brackets at the end of a title, [JWT-20 AT-04]': [
        'a.test.ts: "is [ABC-01] so": write the ids at the end, as in [JWT-20 AT-04]',
      ],
    });
  });
});
