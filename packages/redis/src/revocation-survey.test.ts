import type { Revocation } from '@gatehouse/core';
import { describe, expect, it } from 'vitest';
import { createSurvey } from './revocation-survey.ts';

const second = (value: number) => new Date(1_800_000_000_000 + value * 1000);
const revoke = (id: string, changes: Partial<Revocation> = {}): Revocation =>
  ({
    id,
    issuedBefore: second(0),
    expiresAt: second(60),
    at: second(0),
    author: 'a',
    iss: 'i',
    sub: id,
    ...changes,
  }) as Revocation;

describe('what Redis lacks', () => {
  it('is what was not seen there, and what was seen there in a weaker form', async () => {
    const survey = createSurvey();
    for (const id of ['same', 'weaker', 'shorter']) survey.note({ kind: 'revoked', entry: revoke(id) });
    survey.note({ kind: 'lifted', entry: revoke('lifted') });
    survey.note({ kind: 'unreadable' });
    const known = [
      revoke('same', { at: second(5), reason: 'later' }),
      revoke('weaker', { issuedBefore: second(1) }),
      revoke('shorter', { expiresAt: second(61) }),
      revoke('lifted'),
      revoke('unseen'),
    ];
    const missing = await survey.findMissing(known);
    expect(missing.map(({ id }) => id)).toEqual(['weaker', 'shorter', 'lifted', 'unseen']);
  });

  it('is found while other work goes on, however much is known', async () => {
    let turns = 0;
    let next: NodeJS.Immediate | undefined;
    const count = () => {
      turns += 1;
      next = setImmediate(count);
    };
    next = setImmediate(count);
    const known = Array.from({ length: 20_000 }, (_, index) => revoke(`entry ${index}`));
    expect(await createSurvey().findMissing(known)).toHaveLength(20_000);
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(19);
  });
});
