import { EventEmitter, once } from 'node:events';
import { type Agent, createGatehouse, createVerifier, findAgent, type GuardedRequest } from '@gatehouse/fastify';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { describe, expect, it } from 'vitest';
import { exchange, linesOf } from './exchange.ts';
import { bearer, createApp, metadataPath, options, resource, scope, urlOf, whoami } from './fastify-app.ts';

describe('several gatehouses in one application', () => {
  const resources = ['https://api.example/one', 'https://api.example/two'] as const;
  const [one, two] = resources;
  const guarded = (resource: string) =>
    scope((app) => {
      const { plugin, requireAgent, resourceMetadata } = createGatehouse(options({ resource }));
      app.register(plugin).register(resourceMetadata());
      const inner = scope((routes) => {
        routes.addHook('onRequest', requireAgent());
        routes.get('/aud', async ({ agent }) => agent.claims['aud']);
      });
      app.register(inner, { prefix: new URL(resource).pathname });
    });

  it('guard their own scopes, each with its own resource and its own metadata', async () => {
    const app = createApp();
    for (const resource of resources) app.register(guarded(resource));
    app.get('/bare', async (request) => ({ declared: 'agent' in request }));
    for (const aud of resources) {
      const headers = await bearer('read:data', { aud });
      const answers = await Promise.all(['/one/aud', '/two/aud'].map((url) => app.inject({ url, headers })));
      expect(answers.map(({ statusCode }) => statusCode)).toEqual(aud === one ? [200, 401] : [401, 200]);
      expect((await app.inject(`${metadataPath}${new URL(aud).pathname}`)).json().resource).toBe(aud);
    }
    expect((await app.inject('/bare')).json()).toEqual({ declared: false });
  });

  it('share a scope: the agent is the one of the last guard', async () => {
    const [outer, inner] = [createGatehouse(options({ resource: one })), createGatehouse(options({ resource: two }))];
    const app = createApp().register(outer.plugin).register(inner.plugin);
    const seen: Agent[] = [];
    app.addHook('onRequest', outer.requireAgent());
    app.addHook('onRequest', async ({ agent }) => void seen.push(agent));
    app.get('/data', { onRequest: inner.requireAgent() }, async (request) => {
      seen.push(request.agent);
      return findAgent(request) === request.agent;
    });
    const both = await app.inject({ url: '/data', headers: await bearer('', { aud: resources }) });
    expect(both.body).toBe('true');
    expect(seen).toHaveLength(2);
    expect(seen[0]).not.toBe(seen[1]);
    const outerOnly = await app.inject({ url: '/data', headers: await bearer('', { aud: one }) });
    expect(outerOnly.statusCode).toBe(401);
    const metadata = expect.stringContaining(`${metadataPath}/two"`);
    expect(outerOnly.headers['www-authenticate']).toEqual([metadata, metadata]);
    expect((await app.inject({ url: '/data', headers: await bearer('', { aud: two }) })).statusCode).toBe(401);
  });
});

describe('the plugin', () => {
  it('may be registered wherever it is needed, several times over', async () => {
    const { plugin, requireAgent } = createGatehouse(options());
    const app = createApp();
    app.register(
      scope((child) => {
        child.register(plugin);
        child.get('/child', { onRequest: requireAgent() }, whoami);
      }),
    );
    app.register(plugin);
    app.register(plugin);
    app.get('/root', { onRequest: requireAgent() }, whoami);
    for (const url of ['/child', '/root']) {
      expect((await app.inject({ url, headers: await bearer() })).json()).toEqual({ sub: 'alice' });
    }
  });

  it('does not share its name: where another plugin declares `agent`, the application does not start', async () => {
    const { plugin } = createGatehouse(options());
    const other = fastifyPlugin(async (app: FastifyInstance) => void app.decorateRequest('agent'));
    for (const app of [createApp().register(plugin).register(other), createApp().register(other).register(plugin)]) {
      await expect(app.ready()).rejects.toMatchObject({ code: 'FST_ERR_DEC_ALREADY_PRESENT' });
    }
  });

  it('closes a verifier that was made of options, once every request has its answer', async () => {
    const gatehouse = createGatehouse(options());
    const app = createApp().register(gatehouse.plugin);
    const held = new EventEmitter();
    const released = once(held, 'released');
    app.addHook('onRequest', async () => {
      held.emit('arrived');
      await released;
    });
    app.get('/data', { onRequest: gatehouse.requireAgent() }, whoami);
    await app.listen({ port: 0, host: '127.0.0.1' });

    const arrived = once(held, 'arrived');
    const { authorization } = await bearer();
    const answers = exchange(urlOf(app), ['GET /data HTTP/1.1', `Authorization: ${authorization}`]);
    await arrived;
    const closed = app.close();
    held.emit('released');
    expect(await answers).toMatchObject([{ statusLine: 'HTTP/1.1 200 OK' }]);
    await closed;
    const request = { raw: { method: 'GET', url: '/', rawHeaders: [] }, routeOptions: {} } as never;
    expect(await gatehouse.check(request)).toMatchObject({
      outcome: 'refused',
      error: { code: 'ERR_VERIFIER_CLOSED', status: 503 },
    });
  });

  it('leaves a verifier open that was handed in', async () => {
    const verifier = createVerifier<GuardedRequest>(options());
    const first = createGatehouse(verifier);
    await createApp().register(first.plugin).close();
    const app = createApp().register(first.plugin);
    app.get('/data', { onRequest: first.requireAgent() }, whoami);
    expect((await app.inject({ url: '/data', headers: await bearer() })).statusCode).toBe(200);
    await verifier.close();
    expect((await app.inject({ url: '/data', headers: await bearer() })).statusCode).toBe(503);
  });

  it('tells who registers it once it is closed, where every request would be refused', async () => {
    const { plugin } = createGatehouse(options());
    await createApp().register(plugin).close();
    await expect(createApp().register(plugin).ready()).rejects.toThrow(
      'This gatehouse was closed with another application. Create one for each of them.',
    );
  });
});

describe('an endpoint', () => {
  it('is found by the original target alone, byte for byte [PRM-01 PRM-05]', async () => {
    const odd = 'https://api.example/t:(1)/caf%C3%A9*/x';
    const { resourceMetadata } = createGatehouse(options({ resource: odd }));
    const app = createApp({
      rewriteUrl: ({ url = '' }) => url.replace(/^\/gateway/, ''),
      routerOptions: { caseSensitive: false, ignoreTrailingSlash: true },
    });
    app.register(scope((child) => child.register(resourceMetadata())));
    const path = `${metadataPath}/t:(1)/caf%C3%A9*/x`;
    expect((await app.inject(path)).json()).toMatchObject({ resource: odd });
    expect((await app.inject(`${path}?a=b`)).statusCode).toBe(200);
    for (const url of [
      `${path}/`,
      `/gateway${path}`,
      path.toUpperCase(),
      path.replace('%C3%A9', '%c3%a9'),
      path.replace('*', '%2A'),
      path.replace('*', ''),
      path.replace('t:', 'tt'),
      path.replace('(1)', '1'),
    ]) {
      expect([url, (await app.inject(url)).statusCode]).toEqual([url, 404]);
    }
  });

  it('is found by a target that is rewritten', async () => {
    const { resourceMetadata } = createGatehouse(options());
    const app = createApp({ rewriteUrl: () => '/' }).register(resourceMetadata());
    app.get('/', async () => 'rewritten');
    expect((await app.inject(metadataPath)).json()).toMatchObject({ resource });
    expect((await app.inject('/elsewhere')).body).toBe('rewritten');
  });

  it('answers before anything reads a body', async () => {
    const { resourceMetadata } = createGatehouse(options());
    const app = createApp().register(resourceMetadata());
    const headers = { 'content-type': 'application/json' };
    const answer = await app.inject({ method: 'POST', url: metadataPath, headers, payload: '{' });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS');
  });

  it('is a route that the router knows', async () => {
    const { resourceMetadata } = createGatehouse(options());
    const app = createApp().register(resourceMetadata());
    const seen: unknown[] = [];
    app.addHook('onResponse', async ({ is404, routeOptions }) => void seen.push(is404, routeOptions.url));
    await app.inject(metadataPath);
    expect(seen).toEqual([false, metadataPath]);
  });

  it('is not for a scope with a prefix, which could never serve it', async () => {
    const { resourceMetadata } = createGatehouse(options());
    const app = createApp().register(
      scope((child) => child.register(resourceMetadata())),
      { prefix: '/v1' },
    );
    await expect(app.ready()).rejects.toThrow(`${metadataPath} cannot be served below /v1: register it above.`);
  });

  it('writes every line of a field on its own [CHL-08]', async () => {
    const { serve } = createGatehouse(options());
    const challenges = ['Bearer a="b"', 'DPoP c="d"'];
    const handle = async () => ({ status: 401, headers: { 'www-authenticate': challenges }, body: undefined });
    const app = createApp().register(serve({ path: '/endpoint', methods: ['GET'], handle }));
    await app.listen({ port: 0, host: '127.0.0.1' });
    const [answer] = await exchange(urlOf(app), ['GET /endpoint HTTP/1.1']);
    expect(answer && linesOf(answer, 'www-authenticate')).toEqual(challenges);
    expect(answer && linesOf(answer, 'content-length')).toEqual(['0']);
  });

  it('passes its errors on', async () => {
    const { serve } = createGatehouse(options());
    const handle = () => Promise.reject();
    const app = createApp().register(serve({ path: '/endpoint', methods: ['GET'], handle }));
    expect((await app.inject('/endpoint')).statusCode).toBe(500);
  });
});
