import { runInNewContext } from 'node:vm';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { answerEndpoint, createGuards, type Framework, findAgent, runGuard } from './adapter.ts';
import type { Agent } from './agent/agent.ts';
import { ConfigurationError } from './errors.ts';
import type { Outcome } from './evaluation.ts';
import type { Endpoint, HttpRequest } from './http/request.ts';
import { type CheckOptions, createVerifier, type Verifier } from './verifier.ts';

const issuer = 'https://as.example';
const resource = 'https://api.example';
const { publicKey, privateKey } = await generateKeyPair('ES256');
const { kty = '', ...members } = await exportJWK(publicKey);
const options = { resource, issuers: [{ issuer, jwks: { keys: [{ kty, ...members }] } }] };
const token = await new SignJWT({ client_id: 'assistant', scope: 'read:data' })
  .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
  .setIssuer(issuer)
  .setAudience(resource)
  .setSubject('alice')
  .setJti('1')
  .setIssuedAt()
  .setExpirationTime('5m')
  .sign(privateKey);

/** What the smallest of all frameworks hands to its handlers. */
interface Visit {
  readonly request: HttpRequest;
  readonly state: { agent?: Agent };
  agent?: Agent;
}
type Decide = (visit: Visit) => Outcome | Promise<Outcome>;

const framework: Framework<Visit, Decide, Endpoint> = {
  requestOf: ({ request }) => request,
  routeOf: () => '/data',
  hostsOf: (visit) => [visit, visit.state],
  guard: (decide) => decide,
  serve: (endpoint) => endpoint,
};
const guards = createGuards(options, framework);
const visit = (...authorization: string[]): Visit => ({
  request: { method: 'GET', target: '/data', headers: authorization.length === 0 ? {} : { authorization } },
  state: {},
});
const good = () => visit(`Bearer ${token}`);

describe('a guard', () => {
  it('puts the agent where handlers look for it', async () => {
    const visitor = good();
    expect(findAgent(visitor.request)).toBeUndefined();
    const outcome = await guards.requireAgent('read:data')(visitor);
    expect(outcome).toMatchObject({ outcome: 'accepted', agent: { sub: 'alice' } });
    const { agent } = outcome as { agent: Agent };
    expect([visitor.agent, visitor.state.agent, findAgent(visitor.request)]).toEqual([agent, agent, agent]);
  });

  it('keeps the agents of requests apart', async () => {
    const [one, other] = [good(), good()];
    await guards.requireAgent()(one);
    expect([findAgent(one.request)?.sub, findAgent(other.request)]).toEqual(['alice', undefined]);
  });

  it('leaves nobody anonymous under a name that something else has put there', async () => {
    const impostor = { sub: 'mallory' } as Agent;
    const visitor: Visit = { ...visit(), agent: impostor, state: { agent: impostor } };
    expect(await guards.optionalAgent()(visitor)).toMatchObject({ outcome: 'anonymous' });
    expect([visitor.agent, visitor.state.agent, findAgent(visitor.request)]).toEqual([undefined, undefined, undefined]);
  });

  it('attaches nothing to a request that it refuses', async () => {
    const visitor = good();
    expect(await guards.requireAgent('admin')(visitor)).toMatchObject({ outcome: 'refused' });
    expect([visitor.agent, visitor.state.agent, findAgent(visitor.request)]).toEqual([undefined, undefined, undefined]);
  });

  it('hands the context of the framework to the rule, and the route to the decision', async () => {
    const seen: unknown[] = [];
    const { requireAgent } = createGuards(
      { ...options, onDecision: ({ request }) => void seen.push(request.route) },
      framework,
    );
    const visitor = good();
    await requireAgent({ allow: (_agent, context) => seen.push(context) > 0 })(visitor);
    expect(seen).toEqual([visitor, '/data']);
  });

  it('asks for no route where nobody listens to decisions', async () => {
    const routeOf = () => expect.unreachable();
    expect(await createGuards(options, { ...framework, routeOf }).requireAgent()(good())).toMatchObject({
      outcome: 'accepted',
    });
  });

  it('decides at once where nothing has to be waited for', async () => {
    const decide = guards.requireAgent('read:data');
    expect(await decide(good())).toMatchObject({ outcome: 'accepted' });
    const visitor = good();
    expect(decide(visitor)).toMatchObject({ outcome: 'accepted', agent: { sub: 'alice' } });
    expect(visitor.agent?.sub).toBe('alice');
  });

  it.each([[[undefined]], [['read', 'write']], [[{}, () => {}]], [[null]]])(
    'is not made of arguments that cannot be used: %j',
    (input) => {
      /** As JavaScript would call it. */
      type Make = (...input: unknown[]) => unknown;
      for (const make of [guards.requireAgent as Make, guards.optionalAgent as Make]) {
        expect(() => make(...input)).toThrow(ConfigurationError);
      }
    },
  );
});

describe('runGuard', () => {
  it('yields at once what is there at once, and waits for the rest', async () => {
    expect([runGuard(() => true), runGuard(() => false)]).toEqual([true, false]);
    expect(await runGuard(async () => true)).toBe(true);
  });

  it('never throws, and rejects with an error alone', async () => {
    const bug = new Error('a bug');
    const foreign = runInNewContext('new TypeError("of another realm")');
    for (const failure of [bug, foreign]) {
      await expect(runGuard(() => raise(failure))).rejects.toBe(failure);
      await expect(runGuard(async () => raise(failure))).rejects.toBe(failure);
    }
    for (const failure of [undefined, null, true, 'route', Promise.resolve(true)]) {
      await expect(runGuard(() => raise(failure))).rejects.toThrow('Something was thrown that is no error.');
      await expect(runGuard(async () => raise(failure))).rejects.toMatchObject({ cause: failure });
    }
  });
});

function raise(failure: unknown): never {
  throw failure;
}

describe('check', () => {
  it('decides as a guard does, and attaches nothing', async () => {
    const visitor = good();
    expect(await guards.check(visitor)).toMatchObject({ outcome: 'accepted' });
    expect(await guards.check(visitor, 'admin')).toMatchObject({ outcome: 'refused' });
    expect(await guards.check(visit())).toMatchObject({ outcome: 'refused' });
    expect([visitor.agent, findAgent(visitor.request)]).toEqual([undefined, undefined]);
  });

  it('rejects for a requirement that cannot be used, and never grants', async () => {
    const check = guards.check as (visitor: Visit, requirement: unknown) => Promise<Outcome>;
    await expect(check(good(), undefined)).rejects.toThrow(ConfigurationError);
  });
});

describe('the verifier', () => {
  it('may exist already', () => {
    const verifier = createVerifier<Visit>(options);
    expect(createGuards(verifier, framework).verifier).toBe(verifier);
  });

  it('is asked by its own check, whatever has taken the place of that', async () => {
    const verifier = createVerifier<Visit>(options);
    await createGuards(verifier, framework).requireAgent()(good());
    const check = vi.fn(() => Promise.reject(new Error('asked')));
    const wrapped: Verifier<Visit> = { ...verifier, check };
    await expect(createGuards(wrapped, framework).requireAgent()(good())).rejects.toThrow('asked');
    const replaced = createGuards(verifier, framework).requireAgent();
    vi.spyOn(verifier, 'check').mockImplementation(check);
    await expect(replaced(good())).rejects.toThrow('asked');
    expect(check).toHaveBeenCalledTimes(2);
  });

  it('hands all that it was asked for to a check that copies it', async () => {
    const verifier = createVerifier<Visit>(options);
    const seen: CheckOptions<Visit>[] = [];
    const check: typeof verifier.check = (request, asked) => {
      seen.push({ ...asked });
      return verifier.check(request, { ...asked });
    };
    const visitor = good();
    await createGuards({ ...verifier, check }, framework).requireAgent()(visitor);
    expect(seen).toEqual([{ requirement: verifier.prepare(), context: visitor, mode: 'require', route: '/data' }]);
  });

  it('is made of the options otherwise, which say what is wrong with them', () => {
    expect(() => createGuards({ ...options, resource: '' }, framework)).toThrow(ConfigurationError);
    expect(() => createGuards(undefined as never, framework)).toThrow(ConfigurationError);
  });
});

describe('resourceMetadata', () => {
  it('serves the endpoint of the verifier', () => {
    expect(guards.resourceMetadata()).toBe(guards.verifier.metadata);
  });

  it('tells who mounts it uncalled, where every request would hang', () => {
    const mount = guards.resourceMetadata as (...input: unknown[]) => unknown;
    expect(() => mount(visit(), () => {})).toThrow('Call resourceMetadata() where you mount it.');
  });
});

describe('answerEndpoint', () => {
  it('answers the path of the endpoint, and leaves any other to others [PRM-05]', async () => {
    const { metadata } = guards.verifier;
    const at = (target: string) => answerEndpoint(metadata, { method: 'GET', target, headers: {} });
    expect(await at(`${metadata.path}?a=b`)).toMatchObject({ status: 200 });
    expect(await at(`${metadata.path}/more`)).toBeUndefined();
  });

  it('answers a target in absolute form, whatever its origin, as it answers whatever Host', async () => {
    const { metadata } = guards.verifier;
    const at = (target: string) => answerEndpoint(metadata, { method: 'GET', target, headers: {} });
    for (const origin of ['https://api.example', 'http://127.0.0.1:8080', 'HTTPS://[::1]']) {
      expect(await at(`${origin}${metadata.path}?a=b`)).toMatchObject({ status: 200 });
    }
    for (const other of ['https:/', 'ftp://api.example', 'https://api.example?', 'https://api.example#', '//a']) {
      expect(await at(`${other}${metadata.path}`)).toBeUndefined();
    }
    expect(
      await answerEndpoint({ ...metadata, path: '/' }, { method: 'GET', target: 'http://a', headers: {} }),
    ).toBeDefined();
  });
});
