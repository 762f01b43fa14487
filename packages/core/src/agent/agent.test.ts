import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { AccessTokenClaims } from '../token/claims.ts';
import type { Agent } from './agent.ts';
import { createAgentMaker } from './create.ts';
import { describeAgent, principalKey } from './describe.ts';

function makeAgent(changes: Partial<AccessTokenClaims> = {}, all: Record<string, unknown> = {}): Agent {
  const claims: AccessTokenClaims = {
    iss: 'https://as.example',
    sub: 'alice',
    subjectType: 'user',
    clientId: 'assistant',
    tokenId: 'token-1',
    issuedAtSeconds: 1_800_000_000,
    notBeforeSeconds: undefined,
    confirmation: undefined,
    session: undefined,
    task: {},
    expiresAtSeconds: 1_800_000_300.5,
    scopes: ['read:data'],
    all: { email: 'alice@mail.example', nested: { list: [{ deep: true }] }, ...all },
    ...changes,
  };
  return createAgentMaker(claims, 4)();
}

const delegated = { act: { sub: 'researcher', act: { sub: 'assistant' } } };

describe('an agent', () => {
  it('is its client where the token names no actor [ACT-07]', () => {
    const agent = makeAgent();
    expect(agent.actor).toEqual({ iss: 'https://as.example', sub: 'assistant', source: 'client' });
    expect(agent.act).toBeUndefined();
    expect(agent.priorActors).toEqual([]);
  });

  it('is the outermost actor, with the earlier ones as evidence [ACT-01 ACT-02]', () => {
    const agent = makeAgent({}, delegated);
    expect(agent.actor).toEqual({ iss: 'https://as.example', sub: 'researcher', source: 'act' });
    expect(agent.priorActors).toEqual([{ iss: 'https://as.example', sub: 'assistant', source: 'act' }]);
    expect(agent.act?.act?.sub).toBe('assistant');
  });

  it('takes nothing from may_act [ACT-06]', () => {
    const agent = makeAgent({}, { may_act: { sub: 'researcher' } });
    expect(agent.actor.source).toBe('client');
    expect(agent.act).toBeUndefined();
  });

  it('acts for itself where its claims say so, whatever its subject is called [JWT-27]', () => {
    expect(makeAgent().subjectType).toBe('user');
    const agent = makeAgent({ subjectType: 'client' });
    expect(agent).toMatchObject({ subjectType: 'client', sub: 'alice', clientId: 'assistant' });
  });

  it('is frozen to its depth [ACT-02]', () => {
    const agent = makeAgent({}, delegated);
    const nested = agent.claims['nested'] as { list: unknown[] };
    expect(() => Object.assign(agent, { sub: 'mallory' })).toThrow(TypeError);
    expect(() => Object.assign(agent.actor, { sub: 'mallory' })).toThrow(TypeError);
    expect(() => Object.assign(agent.act ?? {}, { sub: 'mallory' })).toThrow(TypeError);
    expect(() => (agent.priorActors as unknown[]).push('mallory')).toThrow(TypeError);
    expect(() => nested.list.push(1)).toThrow(TypeError);
    expect(() => Object.assign(nested.list[0] as object, { deep: false })).toThrow(TypeError);
  });

  it('has scopes that cannot be changed', () => {
    const scopes = makeAgent().scopes as Set<string>;
    expect(() => scopes.add('admin')).toThrow(TypeError);
    expect(() => scopes.delete('read:data')).toThrow(TypeError);
    expect(() => scopes.clear()).toThrow(TypeError);
    expect([...scopes]).toEqual(['read:data']);
  });

  it('gives every reader dates of its own', () => {
    const agent = makeAgent();
    agent.expiresAt.setFullYear(2100);
    expect(agent.expiresAt.toISOString()).toBe('2027-01-15T08:05:00.500Z');
    expect(agent.issuedAt.toISOString()).toBe('2027-01-15T08:00:00.000Z');
  });

  it('is its description in JSON and in logs, without the other claims of the token [LOG-01]', () => {
    const agent = makeAgent({}, delegated);
    expect(JSON.parse(JSON.stringify(agent))).toEqual(describeAgent(agent));
    expect(inspect(agent, { depth: null })).not.toContain('alice@mail.example');
    expect(inspect({ agent }, { depth: null })).toContain("sub: 'researcher'");
  });
});

describe('describeAgent', () => {
  it('says who acts for whom, through whom, proven how [AT-12]', () => {
    expect(describeAgent(makeAgent({}, delegated))).toEqual({
      iss: 'https://as.example',
      sub: 'alice',
      subjectType: 'user',
      clientId: 'assistant',
      actor: { iss: 'https://as.example', sub: 'researcher', source: 'act' },
      priorActors: [{ iss: 'https://as.example', sub: 'assistant', source: 'act' }],
      scopes: ['read:data'],
      confirmation: 'none',
    });
  });

  it('says of session and task what is known of them', () => {
    const agent = makeAgent({ session: 'session-1', task: { id: 'task-1', purpose: 'audit' } });
    expect(agent).toMatchObject({ session: 'session-1', task: { id: 'task-1', purpose: 'audit' } });
    expect(describeAgent(agent)).toMatchObject({ session: 'session-1', task: { id: 'task-1', purpose: 'audit' } });
    expect(Object.isFrozen(agent.task)).toBe(true);
  });
});

describe('principalKey', () => {
  it('is the same for the same issuer, subject, client and actor, whatever else the token says', () => {
    expect(principalKey(makeAgent({ tokenId: 'token-2', scopes: [] }))).toBe(principalKey(makeAgent()));
  });

  it('differs where any of them differs, also where the parts run together [JWT-27]', () => {
    const agents = [
      makeAgent(),
      makeAgent({ iss: 'https://other.example' }),
      makeAgent({ sub: 'bob' }),
      makeAgent({ clientId: 'other' }),
      makeAgent({}, { act: { sub: 'assistant' } }),
      makeAgent({}, { act: { sub: 'assistant', iss: 'https://other.example' } }),
      makeAgent({ sub: 'a","b', clientId: 'c' }),
      makeAgent({ sub: 'a', clientId: 'b","c' }),
    ];
    expect(new Set(agents.map(principalKey)).size).toBe(agents.length);
  });
});
