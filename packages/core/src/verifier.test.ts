import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from './agent/agent.ts';
import type { Decision } from './decision.ts';
import { ConfigurationError, ForbiddenError } from './errors.ts';
import type { HttpRequest } from './http/request.ts';
import type { VerifierOptions } from './options.ts';
import { createVerifier, type Verifier } from './verifier.ts';

const resource = 'https://api.example/v1';
const issuer = 'https://as.example';
const now = 1_800_000_000;
const { publicKey, privateKey } = await generateKeyPair('ES256');
const { kty = '', ...members } = await exportJWK(publicKey);

interface Context {
  readonly owner: string;
}
const options: VerifierOptions<Context> = {
  resource,
  issuers: [{ issuer, jwks: { keys: [{ kty, ...members }] } }],
  now: () => now * 1000,
};

function sign(claims: Record<string, unknown> = {}): Promise<string> {
  const payload = {
    iss: issuer,
    aud: resource,
    sub: 'alice',
    client_id: 'assistant',
    jti: '1',
    iat: now,
    exp: now + 60,
  };
  return new SignJWT({ ...payload, scope: 'read:data', ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
    .sign(privateKey);
}

const request = (...authorization: string[]): HttpRequest => ({
  method: 'GET',
  target: '/v1/data',
  headers: authorization.length === 0 ? {} : { authorization },
});
const bearer = async (claims?: Record<string, unknown>) => request(`Bearer ${await sign(claims)}`);

let decisions: Decision[];
let verifier: Verifier<Context>;
beforeEach(() => {
  decisions = [];
  verifier = createVerifier({ ...options, onDecision: (decision) => decisions.push(decision) });
});

describe('check', () => {
  it('accepts a good token and gives the agent behind it [BRR-01]', async () => {
    const outcome = await verifier.check(await bearer(), { requirement: 'read:data' });
    expect(outcome).toMatchObject({ outcome: 'accepted', agent: { sub: 'alice', clientId: 'assistant' } });
  });

  it('refuses requests without a token by a challenge without an error [BRR-10 CHL-01 PRM-20]', async () => {
    const outcome = await verifier.check(request(), { requirement: ['a', 'b'] });
    expect(outcome).toMatchObject({ outcome: 'refused', response: { status: 401 } });
    expect(outcome.outcome === 'refused' && outcome.response.headers['www-authenticate']).toEqual([
      'Bearer scope="a b", resource_metadata="https://api.example/.well-known/oauth-protected-resource/v1"',
      'DPoP scope="a b", resource_metadata="https://api.example/.well-known/oauth-protected-resource/v1", algs="ES256 EdDSA Ed25519 PS256"',
    ]);
  });

  it('refuses with 401 before it looks at scopes [BRR-12]', async () => {
    const outcome = await verifier.check(await bearer({ exp: now - 60, scope: '' }), { requirement: 'admin' });
    expect(outcome).toMatchObject({
      outcome: 'refused',
      response: { status: 401 },
      error: { code: 'ERR_TOKEN_EXPIRED' },
    });
  });

  it('names every scope of the operation, not only the missing one [BRR-13 AT-08 MCP-09 BCP-03]', async () => {
    const outcome = await verifier.check(await bearer(), { requirement: ['read:data', 'write:data'] });
    expect(outcome).toMatchObject({
      outcome: 'refused',
      response: { status: 403 },
      error: { reasons: ['write:data'] },
    });
    const [challenge] = (outcome.outcome === 'refused' && outcome.response.headers['www-authenticate']) || [];
    expect(challenge).toContain('error="insufficient_scope"');
    expect(challenge).toContain('scope="read:data write:data"');
  });

  it('takes a scope that implies the required one [MCP-10]', async () => {
    verifier = createVerifier({ ...options, scopeHierarchy: { admin: ['write:data'], 'write:data': ['read:data'] } });
    const admin = await bearer({ scope: 'admin' });
    expect(await verifier.check(admin, { requirement: 'read:data' })).toMatchObject({ outcome: 'accepted' });
    const reader = await bearer({ scope: 'read:data' });
    expect(await verifier.check(reader, { requirement: 'admin' })).toMatchObject({ outcome: 'refused' });
  });

  it('takes nothing from what act says beside who acts [ACT-04]', async () => {
    const act = { sub: 'researcher', scope: 'admin', aud: 'https://other.example', exp: 1 };
    const delegated = await bearer({ act });
    expect(await verifier.check(delegated)).toMatchObject({
      outcome: 'accepted',
      agent: { actor: { sub: 'researcher' } },
    });
    expect(await verifier.check(delegated, { requirement: 'admin' })).toMatchObject({
      outcome: 'refused',
      error: { reasons: ['admin'] },
    });
  });

  it('adds the baseline to every guard', async () => {
    verifier = createVerifier({ ...options, requirement: { scopes: ['read:data'] } });
    const token = await bearer({ scope: 'write:data' });
    expect(await verifier.check(token, { requirement: 'write:data' })).toMatchObject({
      outcome: 'refused',
      error: { reasons: ['read:data'] },
    });
    expect(await verifier.check(token)).toMatchObject({ outcome: 'refused' });
  });

  it('refuses a baseline that is undefined, which would open every route', () => {
    const baseline = { ...options, requirement: undefined };
    expect(() => createVerifier(baseline as never)).toThrow(ConfigurationError);
    const { requirement: _, ...without } = baseline;
    expect(createVerifier(without).prepare()).toEqual({});
  });

  it('refuses a guard whose requirement is undefined', async () => {
    const guard = { requirement: undefined } as never;
    await expect(verifier.check(await bearer(), guard)).rejects.toBeInstanceOf(ConfigurationError);
  });
});

describe('mode optional', () => {
  const optional = { mode: 'optional', requirement: 'read:data' } as const;

  it('lets requests without an Authorization field pass, without an agent', async () => {
    expect(await verifier.check(request(), optional)).toEqual({ outcome: 'anonymous', headers: {} });
  });

  it.each([['Bearer x'], ['Bearer'], [''], ['Basic YTpi'], ['Bearer a', 'Bearer b']])(
    'never lets %j pass as anonymous, and challenges it [BRR-16]',
    async (...authorization) => {
      const headers = { 'www-authenticate': [expect.stringMatching(/^Bearer /), expect.stringMatching(/^DPoP /)] };
      const outcome = await verifier.check(request(...authorization), optional);
      expect(outcome).toMatchObject({ outcome: 'refused', response: { headers } });
    },
  );

  it('never lets a good token without the scope pass', async () => {
    expect(await verifier.check(await bearer({ scope: '' }), optional)).toMatchObject({ outcome: 'refused' });
  });
});

describe('allow', () => {
  const check = async (allow: (agent: Agent, context: Context) => unknown) =>
    verifier.check(await bearer(), { requirement: { allow: allow as never }, context: { owner: 'alice' } });

  it('learns the agent and the context', async () => {
    expect(await check((agent, { owner }) => agent.sub === owner)).toMatchObject({ outcome: 'accepted' });
    expect(await check((agent, { owner }) => agent.sub !== owner)).toMatchObject({ outcome: 'refused' });
  });

  it('is awaited', async () => {
    expect(await check(async () => false)).toMatchObject({ outcome: 'refused', error: { code: 'ERR_ALLOW' } });
    expect(await check(async () => ({ allow: true }))).toMatchObject({ outcome: 'accepted' });
  });

  it.each([undefined, null, 0, 1, 'yes', {}, [], { allow: 'yes' }, { allow: 1 }])(
    'does not grant by %j',
    async (verdict) => {
      expect(await check(() => verdict)).toMatchObject({ outcome: 'refused', response: { status: 403 } });
    },
  );

  it('refuses without an error in the challenge, which would make callers step up', async () => {
    const outcome = await check(() => false);
    const [challenge] = (outcome.outcome === 'refused' && outcome.response.headers['www-authenticate']) || [];
    expect(challenge).toMatch(/^Bearer resource_metadata="[^"]+"$/);
  });

  it('passes on what it throws, and never grants by it', async () => {
    const bug = new RangeError('bug');
    await expect(check(() => Promise.reject(bug))).rejects.toBe(bug);
  });

  it('may refuse by an AuthError of its own', async () => {
    const outcome = await check(() => {
      throw new ForbiddenError('ERR_ALLOW', { reasons: ['frozen account'] });
    });
    expect(outcome).toMatchObject({ outcome: 'refused', error: { reasons: ['frozen account'] } });
  });

  it('is not asked about agents without the scopes', async () => {
    const asked: Agent[] = [];
    const allow = (agent: Agent) => asked.push(agent) > 0;
    const requirement = { scopes: ['admin'], allow };
    expect(await verifier.check(await bearer(), { requirement })).toMatchObject({ outcome: 'refused' });
    expect(asked).toEqual([]);
  });
});

describe('guards that stack', () => {
  it('verify the token of a request once, and say so', async () => {
    const stacked = await bearer();
    const outcomes = [await verifier.check(stacked), await verifier.check(stacked, { requirement: 'read:data' })];
    expect(outcomes[0]).toMatchObject({ outcome: 'accepted' });
    expect(outcomes[0]?.outcome === 'accepted' && outcomes[0].agent).toBe(
      outcomes[1]?.outcome === 'accepted' && outcomes[1].agent,
    );
    expect(decisions.map(({ checks }) => checks[0]?.check)).toEqual(['signature', 'authentication']);
  });

  it('apply what each adds', async () => {
    const stacked = await bearer();
    expect(await verifier.check(stacked, { requirement: 'read:data' })).toMatchObject({ outcome: 'accepted' });
    expect(await verifier.check(stacked, { requirement: 'admin' })).toMatchObject({ outcome: 'refused' });
  });

  it('agree about a refused token', async () => {
    const stacked = await bearer({ exp: now - 60 });
    expect(await verifier.check(stacked)).toMatchObject({ error: { code: 'ERR_TOKEN_EXPIRED' } });
    expect(await verifier.check(stacked, { mode: 'optional' })).toMatchObject({ error: { code: 'ERR_TOKEN_EXPIRED' } });
  });

  it('do not share what another verifier found', async () => {
    const strict = createVerifier({ ...options, resource: 'https://other.example' });
    const stacked = await bearer();
    expect(await verifier.check(stacked)).toMatchObject({ outcome: 'accepted' });
    expect(await strict.check(stacked)).toMatchObject({ error: { code: 'ERR_TOKEN_AUDIENCE' } });
  });

  it('stop accepting a request that outlives its token [JWT-11]', async () => {
    let time = now;
    verifier = createVerifier({ ...options, now: () => time * 1000 });
    const stream = await bearer();
    expect(await verifier.check(stream)).toMatchObject({ outcome: 'accepted' });
    time = now + 65;
    expect(await verifier.check(stream)).toMatchObject({ error: { code: 'ERR_TOKEN_EXPIRED' } });
  });

  it('keep parallel requests apart', async () => {
    const subjects = Array.from({ length: 200 }, (_, index) => `user-${index}`);
    const outcomes = await Promise.all(subjects.map(async (sub) => verifier.check(await bearer({ sub }))));
    expect(outcomes.map((outcome) => (outcome.outcome === 'accepted' ? outcome.agent.sub : ''))).toEqual(subjects);
  });
});

describe('authenticate and authorize', () => {
  it('are the two halves of check', async () => {
    const outcome = await verifier.authenticate(await bearer({ scope: '' }), { requirement: 'admin' });
    if (outcome.outcome !== 'accepted') throw new Error('not accepted');
    expect(await verifier.authorize(outcome.agent)).toMatchObject({ outcome: 'accepted' });
    const refused = await verifier.authorize(outcome.agent, { requirement: 'admin' });
    expect(refused).toMatchObject({ outcome: 'refused', response: { status: 403 } });
    expect(decisions).toHaveLength(3);
    expect(new Set(decisions.map(({ requestId }) => requestId)).size).toBe(1);
  });

  it('shape the challenge by the requirement', async () => {
    const outcome = await verifier.authenticate(request(), { requirement: 'admin' });
    expect(outcome.outcome === 'refused' && outcome.response.headers['www-authenticate']?.[0]).toContain(
      'scope="admin"',
    );
  });

  it('stop authorizing an agent whose token has expired meanwhile [BRR-15]', async () => {
    let time = now;
    verifier = createVerifier({ ...options, now: () => time * 1000 });
    const outcome = await verifier.authenticate(await bearer());
    if (outcome.outcome !== 'accepted') throw new Error('not accepted');
    time = now + 64;
    expect(await verifier.authorize(outcome.agent)).toMatchObject({ outcome: 'accepted' });
    time = now + 65;
    expect(await verifier.authorize(outcome.agent)).toMatchObject({ error: { code: 'ERR_TOKEN_EXPIRED' } });
  });

  it('name in a challenge what guards asked for, and not what shaped the authentication alone', async () => {
    const outcome = await verifier.authenticate(await bearer(), { requirement: 'admin' });
    if (outcome.outcome !== 'accepted') throw new Error('not accepted');
    await verifier.authorize(outcome.agent, { requirement: 'read:data' });
    const refused = await verifier.authorize(outcome.agent, { requirement: 'write:data' });
    const [challenge] = (refused.outcome === 'refused' && refused.response.headers['www-authenticate']) || [];
    expect(challenge).toContain('scope="read:data write:data"');
  });

  it('know only agents of this verifier', async () => {
    const other = createVerifier(options);
    const outcome = await other.check(await bearer());
    if (outcome.outcome !== 'accepted') throw new Error('not accepted');
    await expect(verifier.authorize(outcome.agent)).rejects.toBeInstanceOf(TypeError);
    await expect(verifier.authorize({ ...outcome.agent })).rejects.toBeInstanceOf(TypeError);
  });
});

describe('a decision', () => {
  it('is made for each evaluation, and not without a listener', async () => {
    await verifier.check(request(), { mode: 'optional' });
    await verifier.check(request());
    await verifier.check(await bearer(), {
      requirement: { scopes: ['read:data'], action: 'data.read' },
      route: '/data',
    });
    expect(decisions.map(({ outcome }) => outcome)).toEqual(['anonymous', 'refused', 'accepted']);
    expect(decisions[2]).toMatchObject({
      request: { method: 'GET', route: '/data', action: 'data.read', resource, scopes: ['read:data'] },
      agent: { sub: 'alice', actor: { sub: 'assistant' } },
    });
  });

  it('says which part of a guard was evaluated', async () => {
    const outcome = await verifier.authenticate(await bearer(), { requirement: 'admin' });
    if (outcome.outcome !== 'accepted') throw new Error('not accepted');
    await verifier.authorize(outcome.agent, { requirement: 'admin' });
    expect(decisions).toMatchObject([
      { step: 'authenticate', outcome: 'accepted' },
      { step: 'authorize', outcome: 'refused' },
    ]);
  });

  it('is made when a rule throws: nobody was let in', async () => {
    const allow = () => Promise.reject(new Error('bug'));
    await expect(verifier.check(await bearer(), { requirement: { allow } })).rejects.toThrow('bug');
    expect(decisions).toMatchObject([{ outcome: 'failed', agent: { sub: 'alice' } }]);
  });

  it('that cannot be recorded lets nobody pass', async () => {
    const fault = new Error('the log is full');
    verifier = createVerifier({
      ...options,
      onDecision() {
        throw fault;
      },
    });
    await expect(verifier.check(await bearer())).rejects.toBe(fault);
  });

  it('is waited for, and what fails later lets nobody pass either', async () => {
    const fault = new Error('the log is away');
    verifier = createVerifier({ ...options, onDecision: () => Promise.reject(fault) });
    await expect(verifier.check(await bearer())).rejects.toBe(fault);
  });

  it('cannot be changed by who listens', async () => {
    const policies = ['owner'];
    const requirement = { allow: () => ({ allow: true, policies }) };
    await verifier.check(await bearer(), { requirement });
    expect(Object.isFrozen(decisions[0]?.policies)).toBe(true);
    expect(policies.push('another')).toBe(2);
  });
});

describe('close', () => {
  it('ends what was accepted before, too', async () => {
    const stream = await bearer();
    const outcome = await verifier.check(stream);
    if (outcome.outcome !== 'accepted') throw new Error('not accepted');
    await verifier.close();
    const closed = { error: { code: 'ERR_VERIFIER_CLOSED' } };
    expect(await verifier.check(stream)).toMatchObject(closed);
    expect(await verifier.check(request(), { mode: 'optional' })).toMatchObject(closed);
    expect(await verifier.authorize(outcome.agent)).toMatchObject(closed);
  });

  it('answers later requests with 503 and Retry-After', async () => {
    await verifier.ready();
    await verifier.close();
    const outcome = await verifier.check(await bearer());
    expect(outcome).toMatchObject({
      outcome: 'refused',
      error: { code: 'ERR_VERIFIER_CLOSED' },
      response: { status: 503, headers: { 'retry-after': ['1'] } },
    });
  });
});
