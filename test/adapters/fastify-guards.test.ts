import { EventEmitter, once } from 'node:events';
import { connect as connectHttp2, constants, type Http2Server } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Agent, createGatehouse, findAgent, type GuardedRequest } from '@gatehouse/fastify';
import fastify, { type FastifyRequest, type onRequestAsyncHookHandler, type RouteGenericInterface } from 'fastify';
import { describe, expect, it } from 'vitest';
import { bearer, createApp, decisions, metadataPath, options, resource, scope, urlOf, whoami } from './fastify-app.ts';

describe('inject()', () => {
  it('gets the answers that a socket would get', async () => {
    const { plugin, requireAgent, resourceMetadata } = createGatehouse(options());
    const app = createApp().register(plugin).register(resourceMetadata());
    app.get('/data', { onRequest: requireAgent('read:data') }, whoami);

    const refused = await app.inject('/data');
    expect(refused.statusCode).toBe(401);
    const parameters = `scope="read:data", resource_metadata="${resource}${metadataPath}"`;
    expect(refused.headers).toMatchObject({
      'www-authenticate': [`Bearer ${parameters}`, `DPoP ${parameters}, algs="ES256 EdDSA Ed25519 PS256"`],
      'content-type': 'application/problem+json',
      'content-length': String(refused.rawPayload.length),
      'cache-control': 'no-store',
    });
    expect((await app.inject({ url: '/data', headers: await bearer() })).json()).toEqual({ sub: 'alice' });
    expect((await app.inject(metadataPath)).json()).toMatchObject({ resource });
  });

  it('keeps field lines apart that are given as a list [BRR-07]', async () => {
    const { plugin, requireAgent } = createGatehouse(options());
    const app = createApp().register(plugin);
    app.get('/data', { onRequest: requireAgent() }, whoami);
    const { authorization } = await bearer();
    const send = (...lines: string[]) =>
      // Typed as Node's incoming fields, of which Authorization is one line; the injected request takes more.
      app.inject({ url: '/data', headers: { authorization: lines as unknown as string } });
    expect((await send(authorization, 'Bearer x')).statusCode).toBe(400);
    expect((await send(authorization)).statusCode).toBe(200);
  });
});

describe('a guard', () => {
  it('guards a whole scope, unknown paths included, but not the metadata that was registered before', async () => {
    const { plugin, requireAgent, resourceMetadata } = createGatehouse(options());
    const app = createApp().register(plugin);
    app.register(scope((child) => child.get('/early', whoami)));
    app.register(resourceMetadata());
    app.addHook('onRequest', requireAgent('read:data'));
    app.register(
      scope((child) => child.get('/late', whoami)),
      { prefix: '/v1' },
    );

    const headers = await bearer();
    for (const [url, status] of [
      ['/early', 200],
      ['/v1/late', 200],
      ['/nothing', 404],
    ] as const) {
      expect((await app.inject(url)).statusCode).toBe(401);
      expect((await app.inject({ url, headers })).statusCode).toBe(status);
    }
    expect((await app.inject(metadataPath)).statusCode).toBe(200);
  });

  it('stays in its scope', async () => {
    const { plugin, requireAgent } = createGatehouse(options());
    const app = createApp().register(plugin);
    const deeper = scope((app) => {
      app.addHook('onRequest', requireAgent('admin'));
      app.get('/deeper', whoami);
    });
    const inside = scope((app) => {
      app.addHook('onRequest', requireAgent('read:data'));
      app.get('/inside', whoami);
      app.register(deeper);
    });
    app.register(inside);
    app.get('/outside', async (request) => ({ agent: findAgent(request) === undefined }));

    const headers = await bearer();
    expect((await app.inject('/outside')).json()).toEqual({ agent: true });
    expect((await app.inject('/inside')).statusCode).toBe(401);
    expect((await app.inject({ url: '/inside', headers })).statusCode).toBe(200);
    expect((await app.inject({ url: '/deeper', headers })).headers['www-authenticate']).toEqual([
      expect.stringMatching(/^Bearer error="insufficient_scope", .*, scope="read:data admin", /),
      expect.stringMatching(/^DPoP scope="read:data admin", /),
    ]);
    expect((await app.inject({ url: '/deeper', headers: await bearer('read:data admin') })).statusCode).toBe(200);
  });

  it.each(['onRequest', 'preValidation', 'preHandler'] as const)('works as %s, alone and in a list', async (hook) => {
    const { plugin, requireAgent } = createGatehouse(options());
    const app = createApp().register(plugin);
    app.get('/one', { [hook]: requireAgent('read:data') }, whoami);
    app.get('/many', { [hook]: [requireAgent(), requireAgent('read:data')] }, whoami);
    for (const url of ['/one', '/many']) {
      expect((await app.inject(url)).statusCode).toBe(401);
      expect((await app.inject({ url, headers: await bearer() })).json()).toEqual({ sub: 'alice' });
    }
  });

  it('guards what answers unknown paths', async () => {
    const { plugin, requireAgent } = createGatehouse(options());
    const app = createApp().register(plugin);
    app.setNotFoundHandler({ preHandler: requireAgent() }, async ({ agent }, reply) => reply.code(404).send(agent.sub));
    app.get('/data', async (_, reply) => reply.callNotFound());
    for (const url of ['/nothing', '/data']) {
      expect((await app.inject(url)).statusCode).toBe(401);
      expect(await app.inject({ url, headers: await bearer() })).toMatchObject({ statusCode: 404, body: 'alice' });
    }
  });

  it('guards HEAD and OPTIONS as it guards the route', async () => {
    const { plugin, requireAgent } = createGatehouse(options());
    const app = createApp().register(plugin);
    app.get('/data', { onRequest: requireAgent('read:data') }, whoami);
    app.head('/own', { onRequest: requireAgent('read:data') }, whoami);
    app.options('/own', { onRequest: requireAgent('read:data') }, whoami);
    for (const [method, url] of [
      ['HEAD', '/data'],
      ['HEAD', '/own'],
      ['OPTIONS', '/own'],
    ] as const) {
      expect((await app.inject({ method, url })).statusCode).toBe(401);
      expect((await app.inject({ method, url, headers: await bearer() })).statusCode).toBe(200);
    }
  });

  it('names the route in decisions by its pattern, prefix included', async () => {
    const { plugin, requireAgent } = createGatehouse(options());
    const app = createApp({ rewriteUrl: ({ url = '' }) => url.replace(/^\/gateway/, '') }).register(plugin);
    app.addHook('onRequest', requireAgent());
    app.register(
      scope((child) => child.get('/items/:id', whoami)),
      { prefix: '/v1' },
    );
    await app.inject('/v1/items/1');
    await app.inject('/gateway/v1/items/1');
    await app.inject('/nothing');
    expect(decisions.map(({ request }) => request.route)).toEqual(['/v1/items/:id', '/v1/items/:id', undefined]);
  });

  it('lets nobody pass who leaves while the refusal is on its way', async () => {
    const { plugin, requireAgent } = createGatehouse(options());
    const app = createApp().register(plugin);
    const held = new EventEmitter();
    app.addHook('onSend', async ({ url }, { raw }) => {
      if (!url.startsWith('/held')) return;
      held.emit('sending');
      await once(raw, 'close');
      held.emit('left');
    });
    const handled: string[] = [];
    const handler = async ({ url }: FastifyRequest) => handled.push(url);
    app.get('/held/guarded', { onRequest: requireAgent() }, handler);
    // The control: a guard that is written with a promise, as many are.
    const promised: onRequestAsyncHookHandler = async (_, reply) => reply.code(401).send('');
    app.get('/held/promised', { onRequest: promised }, handler);
    app.get('/last', handler);
    await app.listen({ port: 0, host: '127.0.0.1' });

    for (const path of ['/held/guarded', '/held/promised']) {
      const socket = connect(Number(new URL(urlOf(app)).port), '127.0.0.1');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: api.example\r\n\r\n`);
      await once(held, 'sending');
      const left = once(held, 'left');
      socket.destroy();
      await left;
    }
    await app.inject('/last');
    expect(handled).toEqual(['/held/promised', '/last']);
  });

  it.each([undefined, null, false, 0, '', 'no', new Error('a bug')])(
    'lets nobody pass when its rule throws %j',
    async (thrown) => {
      const { plugin, requireAgent } = createGatehouse(options());
      const app = createApp().register(plugin);
      const allow = async (_: Agent, { params }: GuardedRequest) => {
        if (params['rule'] === 'broken') throw thrown;
        return true;
      };
      app.get('/:rule', { onRequest: requireAgent({ allow }) }, async () => 'reached');
      const headers = await bearer();
      const broken = await app.inject({ url: '/broken', headers });
      expect(broken.statusCode).toBe(500);
      expect(broken.body).not.toContain('reached');
      expect((await app.inject({ url: '/sound', headers })).body).toBe('reached');
    },
  );

  it('is of no use without the plugin, and says so', async () => {
    const { plugin, requireAgent } = createGatehouse(options());
    const app = createApp();
    app.get('/forgotten', { onRequest: requireAgent() }, whoami);
    app.register(
      scope((child) => {
        child.register(plugin);
        child.get('/data', { onRequest: requireAgent() }, whoami);
      }),
    );
    const headers = await bearer();
    const forgotten = await app.inject({ url: '/forgotten', headers });
    expect(forgotten.statusCode).toBe(500);
    expect(forgotten.json().message).toBe(
      'Register the plugin of your gatehouse in the scope of its guards, or in one above.',
    );
    expect((await app.inject({ url: '/data', headers })).statusCode).toBe(200);
  });

  it('has no say once the time limit of the route has answered', async () => {
    const lines: string[] = [];
    const app = createApp({ logger: { level: 'warn', stream: { write: (line) => void lines.push(line) } } });
    const { plugin, requireAgent } = createGatehouse(options());
    app.register(plugin);
    const slow = new EventEmitter();
    const answered = once(slow, 'answered');
    const allow = async () => (await answered)[0] === 'yes';
    app.get('/data', { onRequest: requireAgent({ allow }), handlerTimeout: 1 }, whoami);
    const headers = await bearer();
    const late = await app.inject({ url: '/data', headers });
    expect(late.statusCode).toBe(503);
    slow.emit('answered', 'no');
    await expect.poll(() => decisions.length).toBe(1);
    await app.inject('/nothing');
    expect(lines.filter((line) => line.includes('FST_ERR_REP_ALREADY_SENT'))).toEqual([]);
  });
});

describe('a refusal', () => {
  it('is an answer of Fastify: its hooks see it, and its error handler does not', async () => {
    const { plugin, requireAgent } = createGatehouse(options());
    const app = createApp().register(plugin);
    const seen: unknown[] = [];
    app.addHook('onSend', async (_, reply, payload) => void seen.push(reply.statusCode, String(payload).length > 0));
    app.addHook('onResponse', async (request, reply) => void seen.push(request.url, reply.statusCode));
    app.addHook('onError', async () => void seen.push('onError'));
    app.setErrorHandler(async () => void seen.push('error handler'));
    app.get('/data', { onRequest: requireAgent() }, whoami);
    await app.inject('/data');
    expect(seen).toEqual([401, true, '/data', 401]);
  });

  it('is what it is, whatever serializers and schemas the route has', async () => {
    const { plugin, requireAgent } = createGatehouse(options());
    const app = createApp().register(plugin);
    app.setReplySerializer(() => '"serialized"');
    const response = { '4xx': { type: 'object', properties: { only: { type: 'string' } } } };
    app.get('/data', { schema: { response }, onRequest: requireAgent() }, whoami);
    const answer = await app.inject('/data');
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json()).toMatchObject({ status: 401, title: 'Unauthorized' });
    expect((await app.inject({ url: '/data', headers: await bearer() })).body).toBe('"serialized"');
  });

  it('replaces challenges that others have set before [CHL-03]', async () => {
    const { plugin, requireAgent } = createGatehouse(options());
    const app = createApp().register(plugin);
    app.addHook('onRequest', async (_, reply) => {
      reply.raw.setHeader('WWW-Authenticate', 'Basic realm="raw"');
      reply.header('www-authenticate', 'Basic realm="reply"').header('x-kept', 'yes');
    });
    app.get('/data', { onRequest: requireAgent() }, whoami);
    const { headers } = await app.inject('/data');
    expect(headers['www-authenticate']).toEqual([
      expect.stringMatching(/^Bearer resource_metadata="/),
      expect.stringMatching(/^DPoP resource_metadata="/),
    ]);
    expect(headers['x-kept']).toBe('yes');
  });

  it('has the media type and the body that renderProblem gives', async () => {
    const renderProblem = () => ({ contentType: 'text/html', body: '<p>caf\u00E9' });
    const { plugin, requireAgent } = createGatehouse(options({ renderProblem }));
    const app = createApp().register(plugin);
    app.get('/data', { onRequest: requireAgent() }, whoami);
    const answer = await app.inject('/data');
    expect(answer.headers).toMatchObject({ 'content-type': 'text/html', 'content-length': '8' });
    expect(answer.body).toBe('<p>caf\u00E9');
  });

  it('leaves no token in the log, nor does anything else [LOG-01]', async () => {
    const lines: string[] = [];
    const app = createApp({ logger: { level: 'trace', stream: { write: (line) => void lines.push(line) } } });
    const { plugin, requireAgent } = createGatehouse(options());
    app.register(plugin);
    app.get('/data', { onRequest: requireAgent('read:data') }, whoami);
    app.get('/unguarded', whoami);
    const allow = () => {
      throw new Error('a bug');
    };
    app.get('/broken', { onRequest: requireAgent({ allow }) }, whoami);
    const tokens = [await bearer(), await bearer('none'), await bearer('read:data', { aud: 'https://other.example' })];
    const urls = ['/data', '/unguarded', '/broken', '/nothing'];
    for (const headers of tokens) for (const url of urls) await app.inject({ url, headers });
    expect(lines.filter((line) => line.includes('request completed'))).toHaveLength(tokens.length * urls.length);
    for (const { authorization } of tokens) {
      for (const part of authorization.slice('Bearer '.length).split('.')) expect(lines.join('')).not.toContain(part);
    }
  });
});

describe('HTTP/2', () => {
  it('is guarded and served alike, and nothing is begun for a caller who resets the stream', async () => {
    const { plugin, requireAgent, resourceMetadata } = createGatehouse(options());
    const app = fastify({ http2: true });
    const held = new EventEmitter();
    const handled: string[] = [];
    const handler = async ({ url, agent }: FastifyRequest<RouteGenericInterface, Http2Server>) => {
      handled.push(url);
      return agent.sub;
    };
    app.register(plugin).register(resourceMetadata());
    app.get('/data', { onRequest: requireAgent('read:data') }, handler);
    const allow = async (_: Agent, { raw }: GuardedRequest) => {
      held.emit('asked');
      await once(raw, 'close');
      return true;
    };
    app.get('/left', { onRequest: requireAgent({ allow }) }, handler);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const session = connectHttp2(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
    const get = async (path: string, fields: Record<string, string> = {}) => {
      const stream = session.request({ ':path': path, ...fields });
      const [headers] = await once(stream, 'response');
      return { headers, body: await text(stream) };
    };

    const refused = await get('/data');
    expect(refused.headers).toMatchObject({ ':status': 401, 'content-type': 'application/problem+json' });
    expect(refused.headers['www-authenticate']).toMatch(/^Bearer scope="read:data", .*, DPoP scope="read:data", /);
    expect(JSON.parse((await get(metadataPath)).body)).toMatchObject({ resource });

    const leaving = session.request({ ':path': '/left', ...(await bearer()) });
    await once(held, 'asked');
    leaving.close(constants.NGHTTP2_CANCEL);
    await expect.poll(() => decisions.at(-1)?.outcome).toBe('accepted');
    expect((await get('/data', await bearer())).body).toBe('alice');
    expect(handled).toEqual(['/data']);
    session.close();
    await app.close();
  });
});
