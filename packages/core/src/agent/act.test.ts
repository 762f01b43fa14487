import { describe, expect, it } from 'vitest';
import { listActors, parseAct } from './act.ts';

const refusal = (code: string) => expect.objectContaining({ code });

/** `levels` actors, the newest outermost. */
function nest(levels: number): unknown {
  let act: unknown;
  for (let level = 1; level <= levels; level += 1)
    act = { sub: `actor-${level}`, ...(act === undefined ? {} : { act }) };
  return act;
}

describe('parseAct', () => {
  it('is undefined where the token names no actor [ACT-07]', () => {
    expect(parseAct(undefined, 4)).toBeUndefined();
  });

  it('keeps the claim as it is, members without meaning included [ACT-04]', () => {
    const act = { sub: 'researcher', scope: 'admin', exp: 1, act: { sub: 'assistant', iss: 'https://other.example' } };
    expect(parseAct(act, 4)).toBe(act);
  });

  it.each([
    ['a string', 'researcher'],
    ['null', null],
    ['an array', [{ sub: 'researcher' }]],
    ['an empty object', {}],
    ['only a client id', { client_id: 'researcher' }],
    ['an empty subject', { sub: '' }],
    ['half a character in the subject', { sub: 'alice\udc00' }],
    ['a number as subject', { sub: 7 }],
    ['a number as issuer', { sub: 'researcher', iss: 7 }],
    ['an empty issuer', { sub: 'researcher', iss: '' }],
    ['a malformed prior actor', { sub: 'researcher', act: 'assistant' }],
    ['null as prior actor', { sub: 'researcher', act: null }],
  ])('refuses %s [ACT-03]', (_what, act) => {
    expect(() => parseAct(act, 4)).toThrow(refusal('ERR_TOKEN_ACTOR'));
  });

  it('takes as many actors as the limit, and not one more [ACT-05]', () => {
    expect(parseAct(nest(4), 4)).toEqual(nest(4));
    expect(() => parseAct(nest(5), 4)).toThrow(refusal('ERR_TOKEN_ACTOR_DEPTH'));
  });

  it('gives up at the limit, however deep the claim is [ACT-05]', () => {
    expect(() => parseAct(nest(100_000), 4)).toThrow(refusal('ERR_TOKEN_ACTOR_DEPTH'));
  });
});

describe('listActors', () => {
  it('lists the current actor first, then back in time [ACT-02]', () => {
    const subjects = listActors(parseAct(nest(3), 4), 'https://as.example').map(({ sub }) => sub);
    expect(subjects).toEqual(['actor-3', 'actor-2', 'actor-1']);
  });

  it('takes actors without an issuer as those of the issuer of the token [ACT-03]', () => {
    const act = { sub: 'a', act: { sub: 'a', iss: 'https://other.example' } };
    expect(listActors(act, 'https://as.example')).toEqual([
      { iss: 'https://as.example', sub: 'a', source: 'act' },
      { iss: 'https://other.example', sub: 'a', source: 'act' },
    ]);
  });
});
