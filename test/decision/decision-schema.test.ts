import { createRequire } from 'node:module';
import {
  type AgentDescription,
  type CheckOptions,
  createVerifier,
  type Decision,
  type HttpRequest,
} from '@gatehouse/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';

interface Schema {
  readonly $id?: string;
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string;
  readonly additionalProperties?: boolean;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const schema: Schema = createRequire(import.meta.url)('@gatehouse/core/decision.schema.json');
const formats = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
};
const validate = new Ajv2020({ strict: true, allErrors: true, formats }).compile(schema);

const now = 1_800_000_000;
const resource = 'https://api.example';
const issuer = 'https://as.example';
const [ours, stranger] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')];
const jwks = { keys: [{ ...(await exportJWK(ours.publicKey)), kid: 'key-1' }] };

async function requestWith(claims?: Record<string, unknown>, key = ours.privateKey): Promise<HttpRequest> {
  const headers = { traceparent: ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'] };
  if (claims === undefined) return { method: 'GET', target: '/', headers };
  const token = await new SignJWT({
    iss: issuer,
    aud: resource,
    sub: 'alice',
    client_id: 'assistant',
    jti: 'token-1',
    ...claims,
  })
    .setIssuedAt(now - 10)
    .setExpirationTime(now + 300)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'key-1' })
    .sign(key);
  return { method: 'POST', target: '/', headers: { ...headers, authorization: [`Bearer ${token}`] } };
}

/** The last decision of these guards over one request. */
async function decide(request: HttpRequest, ...guards: CheckOptions[]): Promise<Decision> {
  const decisions: Decision[] = [];
  const verifier = createVerifier({
    resource,
    issuers: [{ issuer, jwks }],
    now: () => now * 1000,
    onDecision: (decision) => void decisions.push(decision),
  });
  for (const guard of guards) await verifier.check(request, guard);
  const decision = decisions.at(-1);
  if (decision === undefined) throw new Error('no decision');
  return decision;
}

const act = { sub: 'bot', act: { sub: 'planner', iss: 'https://other.example' } };
const verdict = { allow: false, reasons: ['not on a Sunday'], policies: ['calendar-1'] };
const full = await decide(await requestWith({ act, scope: 'pay' }), {
  requirement: { scopes: ['pay'], action: 'pay', allow: () => verdict },
  route: '/payments/:id',
});

describe('decision.schema.json', () => {
  it('is a JSON Schema with a name of its own', () => {
    expect(schema.$id).toBe('urn:gatehouse:decision:1');
    expect(new Ajv2020().validateSchema(schema)).toBe(true);
  });

  const forged = stranger.privateKey;

  it.each<{ about: string; request: Parameters<typeof requestWith>; guards?: CheckOptions[] }>([
    { about: 'an accepted request', request: [{ scope: 'read' }], guards: [{ requirement: 'read', route: '/data' }] },
    { about: 'a client that acts for itself', request: [{ sub: 'assistant' }] },
    { about: 'a session and a transaction', request: [{ sid: 'session-1', txn: 'txn-1' }] },
    { about: 'an anonymous request', request: [], guards: [{ mode: 'optional' }] },
    { about: 'a request without a token', request: [] },
    { about: 'a forged token', request: [{ sub: 'a\r\n'.repeat(100) }, forged] },
    { about: 'a forged token of odd types', request: [{ sub: 7, iss: [issuer] }, forged] },
    { about: 'a token that has no issuer here', request: [{ iss: 'https://other.example' }] },
    { about: 'a missing scope', request: [{}], guards: [{ requirement: ['read', 'write'] }] },
    { about: 'a rule that says no', request: [{ act }], guards: [{ requirement: { allow: () => verdict } }] },
    { about: 'a second guard of one request', request: [{}], guards: [{}, { requirement: { action: 'read' } }] },
  ])('describes the decision on $about', async ({ request, guards = [{}] }) => {
    const decision = await decide(await requestWith(...request), ...guards);
    validate(decision);
    expect(validate.errors).toBeNull();
    // As a reader gets it.
    expect(validate(JSON.parse(JSON.stringify(decision)))).toBe(true);
  });

  it.each([
    ['the decision', (copy) => copy],
    ['its request', (copy) => copy.request],
    ['its refusal', (copy) => copy.refusal],
    ['its agent', (copy) => copy.agent],
    ['its actor', (copy) => copy.agent?.actor],
    ['a prior actor', (copy) => copy.agent?.priorActors[0]],
    ['a check', (copy) => copy.checks[0]],
  ] as [string, (copy: Decision) => object | undefined][])('allows no other member in %s', (_, select) => {
    const copy = structuredClone(full);
    expect(validate(copy)).toBe(true);
    Object.assign(select(copy) ?? {}, { token: 'canary' });
    expect(validate(copy)).toBe(false);
  });

  it.each<[string, object]>([
    ['another version', { version: 2 }],
    ['a time of another form', { time: 'yesterday' }],
    ['an outcome that there is not', { outcome: 'maybe' }],
    ['an unverified value that is too long', { unverified: { sub: 'a'.repeat(129) } }],
    ['a reason that is no string', { reasons: [7] }],
    ['a code that there is not', { refusal: { class: 'ForbiddenError', code: 'ERR_OTHER', status: 403 } }],
    ['a negative duration', { durationMicroseconds: -1 }],
  ])('refuses %s', (_, changes) => {
    expect(validate({ ...full, ...changes })).toBe(false);
    expect(validate({ ...full })).toBe(true);
  });
});

/** Which members of a type are always there; the type checker keeps the lists below complete. */
type Members<Of> = { readonly [Name in keyof Of]-?: Record<never, never> extends Pick<Of, Name> ? '?' : '!' };

const decisionMembers: Members<Decision> = {
  ...({
    version: '!',
    time: '!',
    requestId: '!',
    traceId: '?',
    request: '!',
    step: '!',
    outcome: '!',
    refusal: '?',
  } as const),
  ...({ reasons: '!', policies: '!', agent: '?', tokenHash: '?', unverified: '?', checks: '!' } as const),
  durationMicroseconds: '!',
};
const requestMembers: Members<Decision['request']> = {
  method: '!',
  route: '?',
  resource: '!',
  action: '?',
  scopes: '!',
};
const refusalMembers: Members<NonNullable<Decision['refusal']>> = { class: '!', code: '!', status: '!' };
const unverifiedMembers: Members<NonNullable<Decision['unverified']>> = {
  iss: '?',
  sub: '?',
  client_id: '?',
  kid: '?',
};
const checkMembers: Members<Decision['checks'][number]> = { check: '!', source: '!', ageSeconds: '?' };
const actorMembers: Members<AgentDescription['actor']> = { iss: '!', sub: '!', source: '!' };
const agentMembers: Members<AgentDescription> = {
  ...({ iss: '!', sub: '!', subjectType: '!', clientId: '!', actor: '!', priorActors: '!', scopes: '!' } as const),
  ...({ confirmation: '!', session: '?', task: '?' } as const),
};
const taskMembers: Members<NonNullable<AgentDescription['task']>> = {
  id: '?',
  purpose: '?',
  transaction: '?',
  customer: '?',
};

describe('the members that decision.schema.json describes', () => {
  const parts = schema.properties;
  const objects: [string, Schema | undefined, Record<string, '!' | '?'>][] = [
    ['Decision', schema, decisionMembers],
    ['request', parts?.['request'], requestMembers],
    ['refusal', parts?.['refusal'], refusalMembers],
    ['unverified', parts?.['unverified'], unverifiedMembers],
    ['check', parts?.['checks']?.items, checkMembers],
    ['agent', parts?.['agent'], agentMembers],
    ['task', parts?.['agent']?.properties?.['task'], taskMembers],
    ['actor', schema.$defs?.['actor'], actorMembers],
  ];

  it.each(objects)('are those of the type, for %s', (_, part, members) => {
    expect(new Set(Object.keys(part?.properties ?? {}))).toEqual(new Set(Object.keys(members)));
    const required = Object.keys(members).filter((name) => members[name] === '!');
    expect(new Set(part?.required)).toEqual(new Set(required));
  });

  it.each(objects)('have a sentence each, and no others beside them, for %s', (_, part) => {
    expect(part).toMatchObject({ type: 'object', additionalProperties: false });
    for (const member of Object.values(part?.properties ?? {})) expect(member.description).toMatch(/^[A-Za-z].*\.$/);
  });
});
