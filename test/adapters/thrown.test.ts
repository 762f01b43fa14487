import type { VerifierOptions } from '@gatehouse/core';
import * as ofExpress from '@gatehouse/express';
import * as ofFastify from '@gatehouse/fastify';
import * as ofKoa from '@gatehouse/koa';
import { createTestIssuer, type TestIssuer } from '@gatehouse/testing';
import express, { type ErrorRequestHandler } from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningApi, serveApi } from './api.ts';
import { exchange } from './exchange.ts';

const resource = 'https://api.example';

/** What rules may throw, and some framework takes for consent, for nothing, or for something to wait for. */
const thrown: readonly (readonly [string, unknown])[] = [
  ['nothing', undefined],
  ['null', null],
  ['false', false],
  ['zero', 0],
  ['an empty text', ''],
  ['true', true],
  ['a word of Express', 'route'],
  ['another word of Express', 'router'],
  ['a promise', Promise.resolve(true)],
  ['a promise that never ends', new Promise(() => undefined)],
  ['an error', new Error('a bug')],
];

type Options = Pick<VerifierOptions, 'issuers' | 'resource' | 'onDecision' | 'renderProblem'>;

interface Rule {
  readonly scopes?: readonly string[];
  readonly allow?: () => boolean;
}

/** An API with a guard above everything, as most have one, and `/`, which answers `reached`. */
type Start = (options: Options, rule: Rule) => Promise<RunningApi>;

const frameworks: Readonly<Record<string, Start>> = {
  async Express(options, rule) {
    const { requireAgent } = ofExpress.createGatehouse(options);
    const answerBugs: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(500).send('bug');
    const app = express()
      .use(requireAgent(rule))
      .get('/', requireAgent(rule), (_req, res) => void res.send('reached'))
      .use(answerBugs);
    return serveApi(app);
  },
  async Fastify(options, rule) {
    const { plugin, requireAgent } = ofFastify.createGatehouse(options);
    const app = fastify().register(plugin);
    app.addHook('onRequest', requireAgent(rule));
    app.get('/', { onRequest: requireAgent(rule) }, async () => 'reached');
    await app.ready();
    return serveApi(app.routing);
  },
  async Koa(options, rule) {
    const { requireAgent } = ofKoa.createGatehouse(options);
    const app = new Koa();
    app.silent = true;
    app.use(requireAgent(rule));
    app.use(requireAgent(rule));
    app.use((ctx) => {
      ctx.body = 'reached';
    });
    return serveApi(app.callback());
  },
};

describe.each(Object.entries(frameworks))('in %s', (_, start) => {
  let issuer: TestIssuer;
  let fields: readonly string[];

  beforeAll(async () => {
    issuer = await createTestIssuer({ audience: resource });
    fields = [`Authorization: Bearer ${await issuer.token({ scope: 'read:data' })}`];
  });
  afterAll(() => issuer.close());

  /** How the same request ends when its token is new, and when it is remembered. */
  async function request(
    options: Omit<Options, 'issuers' | 'resource'>,
    rule: Rule,
    lines = fields,
  ): Promise<readonly string[]> {
    const api = await start({ resource, issuers: [issuer.issuer], ...options }, rule);
    try {
      const answers = [
        await exchange(api.url, ['GET / HTTP/1.1', ...lines]),
        await exchange(api.url, ['GET / HTTP/1.1', ...lines]),
      ];
      return answers.map(
        ([answer]) => `${answer?.statusLine.slice(9, 12)}${answer?.body === 'reached' ? ' reached' : ''}`,
      );
    } finally {
      await api.close();
    }
  }

  it('a request passes where nothing is thrown', async () => {
    expect(await request({}, { scopes: ['read:data'], allow: () => true })).toEqual(['200 reached', '200 reached']);
    expect(await request({}, { scopes: ['admin'] })).toEqual(['403', '403']);
  });

  describe.each(thrown)('%s that is thrown', (_name, value) => {
    const fail = () => {
      throw value;
    };

    it('by a rule lets nobody pass', async () => {
      expect(await request({}, { allow: fail })).toEqual(['500', '500']);
    });

    it('while a refusal is written lets nobody pass', async () => {
      expect(await request({ renderProblem: fail }, { scopes: ['admin'] })).toEqual(['500', '500']);
      expect(await request({ renderProblem: fail }, {}, [])).toEqual(['500', '500']);
    });

    it('by who listens to decisions lets nobody pass', async () => {
      expect(await request({ onDecision: fail }, {})).toEqual(['500', '500']);
      expect(await request({ onDecision: fail }, { scopes: ['admin'] })).toEqual(['500', '500']);
      expect(await request({ onDecision: fail }, {}, [])).toEqual(['500', '500']);
    });
  });
});
