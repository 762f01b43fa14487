import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMissingScopeFinder, scopeHierarchySchema, scopeList } from './scopes.ts';

const names = ['admin', 'write', 'read', 'a', 'b', 'c', 'constructor', 'toString', 'b:c'];
const name = fc.constantFrom(...names);

/** `[higher, lower]`: holding the first implies the second. Cycles are left in. */
const edges = fc.array(fc.tuple(name, name), { maxLength: 14 });
const held = fc.uniqueArray(fc.oneof(name, fc.constant('stranger')), { maxLength: 3 });
const required = fc.array(fc.oneof(name, fc.constant('stranger')), { maxLength: 6 });

type Edges = readonly (readonly [higher: string, lower: string])[];

/** As options write it. */
function writeHierarchy(list: Edges): Record<string, string[]> {
  const highers = [...new Set(list.map(([higher]) => higher))];
  return Object.fromEntries(
    highers.map((higher) => [higher, list.filter(([from]) => from === higher).map(([, lower]) => lower)]),
  );
}

/** Every pair that a walk of one or more steps joins (Warshall), as a matrix: nothing like what the code does. */
function closeTransitively(list: Edges): (higher: string, lower: string) => boolean {
  const reach = names.map((from) => names.map((to) => list.some(([higher, lower]) => higher === from && lower === to)));
  for (const [via] of names.entries()) {
    for (const row of reach) {
      if (row[via]) for (const [to] of names.entries()) row[to] ||= reach[via]?.[to] ?? false;
    }
  }
  return (higher, lower) => reach[names.indexOf(higher)]?.[names.indexOf(lower)] ?? false;
}

describe('createMissingScopeFinder', () => {
  it('misses just what no held scope is or reaches, in the order required [BRR-13]', () => {
    fc.assert(
      fc.property(edges, required, held, (list, wanted, given) => {
        const implies = closeTransitively(list);
        const findMissing = createMissingScopeFinder(writeHierarchy(list));
        expect(findMissing(wanted, new Set(given))).toEqual(
          wanted.filter((scope) => !given.some((owned) => owned === scope || implies(owned, scope))),
        );
      }),
    );
  });
});

describe('scopeHierarchySchema', () => {
  it('names just the entries that reach themselves', () => {
    fc.assert(
      fc.property(edges, (list) => {
        const implies = closeTransitively(list);
        const hierarchy = writeHierarchy(list);
        const { data, error } = scopeHierarchySchema.safeParse(hierarchy);
        const circular = Object.keys(hierarchy).filter((scope) => implies(scope, scope));
        expect(error?.issues.map(({ path }) => path) ?? []).toEqual(circular.map((scope) => [scope]));
        expect(data).toEqual(circular.length === 0 ? hierarchy : undefined);
      }),
    );
  });
});

describe('scopeList', () => {
  it('takes just the scope-tokens of RFC 6749 §3.3 [CHL-06]', () => {
    const character = fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...' !"#[\\]~\x7F\t\n\0', '\u00A0', '\u0121', 'a', ':') },
      fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    );
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 3 }), (scope) => {
        const isToken = scope.split('').every((unit) => unit > ' ' && unit <= '~' && unit !== '"' && unit !== '\\');
        expect(scopeList.safeParse([scope]).success).toBe(scope !== '' && isToken);
      }),
    );
  });
});
