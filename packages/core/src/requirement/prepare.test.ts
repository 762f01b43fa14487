import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors.ts';
import { createPreparer, type PrepareRequirement } from './prepare.ts';
import { parseRequirement, type RequirementInput } from './requirement.ts';

const baseline = parseRequirement({ scopes: ['base'], action: 'read' });
const prepare = createPreparer(baseline);
/** As JavaScript would call it. */
const prepareAny = prepare as unknown as (...input: unknown[]) => ReturnType<PrepareRequirement<unknown>>;

describe('a preparer', () => {
  it('gives the baseline where nothing is given', () => {
    expect(prepare()).toBe(baseline);
  });

  it.each<[string, RequirementInput, readonly string[]]>([
    ['a scope', 'more', ['base', 'more']],
    ['a list of scopes', ['more', 'base'], ['base', 'more']],
    ['a requirement', { scopes: ['more'] }, ['base', 'more']],
    ['an empty requirement', {}, ['base']],
  ])('merges %s with the baseline, which nothing can weaken', (_, input, scopes) => {
    expect(prepare(input)).toEqual({ scopes, action: 'read' });
  });

  it('gives back what it made, and never merges that twice', () => {
    const prepared = prepare('more');
    expect(prepare(prepared)).toBe(prepared);
    expect(prepare(baseline)).toBe(baseline);
  });

  it('merges what another preparer made: its baseline is not this one', () => {
    const foreign = createPreparer({})('more');
    expect(prepare(foreign)).toEqual({ scopes: ['base', 'more'], action: 'read' });
  });

  it('merges a requirement that only looks like a prepared one', () => {
    const copy = { ...prepare('more') };
    expect(prepare(copy)).not.toBe(copy);
    expect(prepare(Object.freeze({}))).toEqual({ scopes: ['base'], action: 'read' });
  });

  it('freezes what it makes', () => {
    const prepared = prepare(['more']);
    expect([Object.isFrozen(prepared), Object.isFrozen(prepared.scopes)]).toEqual([true, true]);
  });

  it.each([
    ['an explicit undefined', [undefined]],
    ['null', [null]],
    ['an empty list', [[]]],
    ['two scopes as two arguments', ['read', 'write']],
    ['two requirements', [{ scopes: ['read'] }, { scopes: ['write'] }]],
    ['a scope and an undefined', ['read', undefined]],
    ['an action that contradicts the baseline', [{ action: 'write' }]],
  ])('refuses %s', (_, input) => {
    expect(() => prepareAny(...input)).toThrow(ConfigurationError);
    expect(prepare('read').scopes).toEqual(['base', 'read']);
  });

  it('says where several scopes belong', () => {
    expect(() => prepareAny('read', 'write')).toThrow('put several scopes into one list');
  });
});
