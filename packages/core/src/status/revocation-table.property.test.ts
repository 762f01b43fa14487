import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileTarget, type RevocationKind, readId, revocationKinds, unfileTarget, writeId } from './revocation.ts';
import { type FiledRevocation, mergeRevocations, type RevocableToken, RevocationTable } from './revocation-table.ts';

const name = fc.constantFrom('a', 'b', '__proto__', '"', '["a","b"]', '\u{1F600}');
const time = fc.integer({ min: 0, max: 6 });
const revocation: fc.Arbitrary<FiledRevocation> = fc.record({
  kind: fc.constantFrom<RevocationKind>(...revocationKinds),
  iss: name,
  value: name,
  author: name,
  reason: fc.option(name, { nil: undefined }),
  at: time,
  issuedBefore: time,
  expiresAt: time,
});
const token: fc.Arbitrary<RevocableToken> = fc.record({
  iss: name,
  tokenId: fc.option(name, { nil: undefined }),
  sub: name,
  session: fc.option(name, { nil: undefined }),
  clientId: name,
  actor: fc.record({ iss: name, sub: name, source: fc.constantFrom<'act' | 'client'>('act', 'client') }),
  confirmation: fc.oneof(
    fc.constant({ method: 'none' }),
    name.map((jkt) => ({ method: 'dpop', jkt })),
    name.map((thumbprint) => ({ method: 'mtls', thumbprint })),
  ),
  task: fc.oneof(
    fc.constant({}),
    name.map((id) => ({ id })),
  ),
  issuedAt: time.map((seconds) => new Date(seconds * 1000)),
});

/** The values of a token, by kind: written from the page, and nothing like what the code does. */
function valuesOf({ actor, confirmation, task, ...rest }: RevocableToken): Record<RevocationKind, unknown[]> {
  const { tokenId, sub, session, clientId } = rest;
  return {
    tokenId: [tokenId],
    sub: [sub],
    session: [session],
    clientId: [clientId],
    actor: actor.source === 'act' ? [JSON.stringify([actor.iss, actor.sub])] : [],
    thumbprint: [confirmation.jkt, confirmation.thumbprint],
    task: [task.id],
  };
}

function addAll(revocations: readonly FiledRevocation[]): RevocationTable {
  const table = new RevocationTable();
  for (const entry of revocations) {
    const known = table.get(entry, entry.author);
    table.set(known === undefined ? entry : mergeRevocations(known, entry));
  }
  return table;
}

/** In an order of their own, so that two tables can be compared. */
const contentsOf = (table: RevocationTable) =>
  [...table.values()]
    .map(({ kind, iss, value, author, reason, at, issuedBefore, expiresAt }) =>
      JSON.stringify([kind, iss, value, author, reason, at, issuedBefore, expiresAt]),
    )
    .sort();

describe('what is revoked', () => {
  it('is the same in whichever order news arrive, how often, and through how many', () => {
    fc.assert(
      fc.property(fc.array(revocation, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 24 }), (news, picks) => {
        const once = contentsOf(addAll(news));
        const repeated = picks.flatMap((pick) => news[pick % Math.max(1, news.length)] ?? []);
        expect(contentsOf(addAll([...repeated, ...news.toReversed(), ...repeated]))).toEqual(once);
        const half = news.length >> 1;
        const passedOn = [...addAll(news.slice(half)).values(), ...addAll(news.slice(0, half)).values()];
        expect(contentsOf(addAll(passedOn))).toEqual(once);
      }),
    );
  });

  it('is never less than before, whatever else arrives', () => {
    fc.assert(
      fc.property(fc.array(revocation, { maxLength: 12 }), revocation, token, time, (news, late, theirs, now) => {
        const before = addAll(news).find(theirs, now) !== undefined;
        const after = addAll([...news, late]).find(theirs, now) !== undefined;
        expect(after || !before).toBe(true);
      }),
    );
  });

  it('is every token that an entry names, and no other', () => {
    fc.assert(
      fc.property(fc.array(revocation, { maxLength: 12 }), token, time, (news, theirs, now) => {
        const table = addAll(news);
        const values = valuesOf(theirs);
        const isMeant = [...table.values()].some(
          ({ kind, iss, value, issuedBefore, expiresAt }) =>
            iss === theirs.iss &&
            values[kind].includes(value) &&
            theirs.issuedAt.getTime() < issuedBefore * 1000 &&
            now < expiresAt,
        );
        expect(table.find(theirs, now) !== undefined).toBe(isMeant);
      }),
    );
  });

  it('is what is left when entries are taken away one by one', () => {
    fc.assert(
      fc.property(fc.array(revocation, { maxLength: 12 }), (news) => {
        const table = addAll(news);
        const model = new Map([...table.values()].map((entry) => [writeId(entry, entry.author), entry]));
        expect(table.size).toBe(model.size);
        for (const [id, entry] of [...model]) {
          expect(table.delete(entry, entry.author)).toBe(true);
          expect(table.delete(entry, entry.author)).toBe(false);
          model.delete(id);
          expect([...table.values()].map((left) => writeId(left, left.author)).sort()).toEqual(
            [...model.keys()].sort(),
          );
          expect(table.size).toBe(model.size);
          expect(new Set(table.page(0, 100).values)).toEqual(new Set(table.values()));
        }
      }),
    );
  });

  it('is named by ids that are read as they were written, and target by target', () => {
    const target = fc.record({ kind: fc.constantFrom(...revocationKinds), iss: name, value: name });
    fc.assert(
      fc.property(target, fc.tuple(name, name), name, ({ kind, iss, value }, actor, author) => {
        const filed = { kind, iss, value: kind === 'actor' ? JSON.stringify(actor) : value };
        expect(readId(writeId(filed, author))).toEqual({ target: filed, author });
        expect(fileTarget(unfileTarget(filed))).toEqual(filed);
      }),
    );
  });
});
