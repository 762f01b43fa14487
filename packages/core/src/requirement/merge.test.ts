import { describe, expect, it } from 'vitest';
import type { Agent } from '../agent/agent.ts';
import { createAgentMaker } from '../agent/create.ts';
import { mergeRequirements } from './merge.ts';
import type { Requirement, Verdict } from './requirement.ts';

const agent: Agent = createAgentMaker(
  {
    iss: 'https://as.example',
    sub: 'alice',
    subjectType: 'user',
    clientId: 'assistant',
    tokenId: 'token-1',
    issuedAtSeconds: 0,
    notBeforeSeconds: undefined,
    confirmation: undefined,
    session: undefined,
    task: {},
    expiresAtSeconds: 300,
    scopes: [],
    all: {},
  },
  4,
)();

describe('mergeRequirements', () => {
  it('unites the scopes, those of the base first', () => {
    expect(mergeRequirements({ scopes: ['a', 'b'] }, { scopes: ['c', 'a'] })).toEqual({ scopes: ['a', 'b', 'c'] });
  });

  it('keeps what only one of them asks for', () => {
    const full = { scopes: ['a'], action: 'pay', allow: () => false };
    expect(mergeRequirements(full, {})).toEqual(full);
    expect(mergeRequirements({}, full)).toEqual(full);
    expect(mergeRequirements({}, {})).toEqual({});
  });

  it('refuses actions that contradict, and takes the same one twice', () => {
    const issues = [{ path: 'action', message: 'contradicts the action of the baseline requirement' }];
    expect(() => mergeRequirements({ action: 'pay' }, { action: 'read' })).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', issues }),
    );
    expect(mergeRequirements({ action: 'pay' }, { action: 'pay' })).toEqual({ action: 'pay' });
  });

  it('freezes the result and leaves both as they were', () => {
    const [base, added] = [{ scopes: ['a'] }, { scopes: ['b'] }];
    const merged = mergeRequirements(base, added);
    expect([Object.isFrozen(merged), Object.isFrozen(merged.scopes)]).toEqual([true, true]);
    expect([base, added]).toEqual([{ scopes: ['a'] }, { scopes: ['b'] }]);
    expect([Object.isFrozen(base.scopes), Object.isFrozen(added.scopes)]).toEqual([false, false]);
  });

  const merge = (first: Verdict, second: Verdict, asked: string[] = []) => {
    const note = (name: string, verdict: Verdict): Requirement => ({
      allow: async (by, context) => {
        asked.push(`${name} ${by.sub} ${context}`);
        return verdict;
      },
    });
    return mergeRequirements(note('first', first), note('second', second)).allow?.(agent, 'context');
  };

  it.each([
    [true, true, true],
    [true, false, false],
    [false, true, false],
    [false, false, false],
    [{ allow: true }, { allow: true }, true],
    [true, { allow: false }, false],
  ] as [Verdict, Verdict, boolean][])('lets both allows decide: %j and %j give %s', async (first, second, allow) => {
    expect(await merge(first, second)).toMatchObject({ allow });
  });

  it('asks in order, with the same agent and context, and nobody after a no', async () => {
    const [granted, refused]: string[][] = [[], []];
    await merge(true, true, granted);
    await merge(false, true, refused);
    expect(granted).toEqual(['first alice context', 'second alice context']);
    expect(refused).toEqual(['first alice context']);
  });

  it('collects reasons and policies of all who were asked', async () => {
    const one = { allow: true, reasons: ['r1'], policies: ['p1'] };
    const other = { allow: false, reasons: ['r2'], policies: ['p2', 'p3'] };
    expect(await merge(one, other)).toEqual({ allow: false, reasons: ['r1', 'r2'], policies: ['p1', 'p2', 'p3'] });
    expect(await merge(other, one)).toEqual({ allow: false, reasons: ['r2'], policies: ['p2', 'p3'] });
  });

  it.each([1, 'yes', {}, null, undefined])('takes %j of either for a no', async (verdict) => {
    expect(await merge(verdict as Verdict, true)).toMatchObject({ allow: false });
    expect(await merge(true, verdict as Verdict)).toMatchObject({ allow: false });
  });

  it('passes on what an allow throws', async () => {
    const broken: Requirement = { allow: () => Promise.reject(new Error('database')) };
    await expect(async () => mergeRequirements(broken, { allow: () => true }).allow?.(agent, 0)).rejects.toThrow(
      'database',
    );
    await expect(async () => mergeRequirements({ allow: () => true }, broken).allow?.(agent, 0)).rejects.toThrow(
      'database',
    );
  });
});
