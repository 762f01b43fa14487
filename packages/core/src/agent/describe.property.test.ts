import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccessTokenClaims } from '../token/claims.ts';
import type { Agent } from './agent.ts';
import { createAgentMaker } from './create.ts';
import { principalKey } from './describe.ts';

interface Principal {
  readonly iss: string;
  readonly sub: string;
  readonly clientId: string;
  readonly act?: { readonly sub: string; readonly iss?: string };
}

function makeAgent({ iss, sub, clientId, act }: Principal, tokenId: string): Agent {
  const claims: AccessTokenClaims = {
    iss,
    sub,
    subjectType: 'user',
    clientId,
    tokenId,
    issuedAtSeconds: 0,
    notBeforeSeconds: undefined,
    confirmation: undefined,
    session: undefined,
    task: {},
    expiresAtSeconds: 1,
    scopes: [tokenId],
    all: { act, jti: tokenId },
  };
  return createAgentMaker(claims, 4)();
}

const name = fc.string({ unit: fc.constantFrom('a', 'b', '"', '\\', '0'), minLength: 1, maxLength: 2 });

const writePrincipal = (names: readonly string[], kind: number): Principal => {
  const [iss = '', sub = '', clientId = '', actorIss = '', actorSub = ''] = names;
  const act = [undefined, { sub: actorSub }, { sub: clientId }, { sub: actorSub, iss: actorIss }][kind];
  return { iss, sub, clientId, ...(act === undefined ? {} : { act }) };
};

/** Two that differ in one part, or in where a part ends and the next begins, or in whom `act` names. */
const pair = fc
  .record({
    names: fc.array(name, { minLength: 5, maxLength: 5 }),
    index: fc.nat(3),
    text: name,
    separator: fc.constantFrom('', ',', '","', '\\",\\"', '\0', '\n', ' ', ':', '|', '/', '.'),
    how: fc.constantFrom('change', 'shift', 'keep'),
    kind: fc.nat(3),
    otherKind: fc.option(fc.nat(3)),
  })
  .map(({ names, index, text, separator, how, kind, otherKind }) => {
    const [one, other] = [[...names], [...names]];
    const [inner = '', after = ''] = names.slice(index);
    if (how !== 'keep') other[index] = text;
    if (how === 'shift') {
      one[index] = text + separator + inner;
      other[index + 1] = inner + separator + after;
    }
    return [writePrincipal(one, kind), writePrincipal(other, otherKind ?? kind)] as const;
  });

/** Issuer, subject, client and current actor, one by one: who acts where `act` names nobody is not whom `act` names. */
function isSame(one: Principal, other: Principal): boolean {
  const actorOf = ({ iss, act }: Principal): string => act?.iss ?? iss;
  const parts: readonly (readonly [unknown, unknown])[] = [
    [one.iss, other.iss],
    [one.sub, other.sub],
    [one.clientId, other.clientId],
    [one.act === undefined, other.act === undefined],
    [one.act?.sub, other.act?.sub],
    [actorOf(one), actorOf(other)],
  ];
  return parts.every(([left, right]) => left === right);
}

describe('principalKey', () => {
  it('is the same for the same issuer, subject, client and actor, and for no others [JWT-27 ACT-03]', () => {
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const keys = [principalKey(makeAgent(one, 'token-1')), principalKey(makeAgent(other, 'token-2'))];
        expect(keys[0] === keys[1]).toBe(isSame(one, other));
      }),
    );
  });
});
