import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccessTokenClaims } from '../token/claims.ts';
import type { Agent } from './agent.ts';
import { createAgent } from './create.ts';
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
    expiresAtSeconds: 1,
    scopes: [tokenId],
    all: { act, jti: tokenId },
  };
  return createAgent(claims, 4);
}

/** From few characters, those of JSON and of escapes among them, so that a careless key runs together. */
const name = fc.string({
  unit: fc.constantFrom('a', '"', ',', '\\', '[', ':', '\u0000', '0'),
  minLength: 1,
  maxLength: 2,
});
const principal: fc.Arbitrary<Principal> = fc.oneof(
  fc.record({ iss: name, sub: name, clientId: name }),
  fc.record({ iss: name, sub: name, clientId: name, act: fc.record({ sub: name }) }),
  fc.record({ iss: name, sub: name, clientId: name, act: fc.record({ sub: name, iss: name }) }),
);
/** Two that differ in one part at most. */
const pair = fc
  .tuple(principal, principal, fc.constantFrom<keyof Principal | 'nothing'>('iss', 'sub', 'clientId', 'act', 'nothing'))
  .map(
    ([one, other, part]) => [one, part in other ? { ...one, [part]: other[part as keyof Principal] } : one] as const,
  );

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
      fc.property(fc.oneof(pair, fc.tuple(principal, principal)), ([one, other]) => {
        const keys = [principalKey(makeAgent(one, 'token-1')), principalKey(makeAgent(other, 'token-2'))];
        expect(keys[0] === keys[1]).toBe(isSame(one, other));
      }),
    );
  });
});
