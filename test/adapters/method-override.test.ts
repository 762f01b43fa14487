import { createGatehouse, type Decision } from '@gatehouse/express';
import { createTestAgent, createTestIssuer, type TestIssuer } from '@gatehouse/testing';
import express, { type RequestHandler } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningApi, serveApi } from './api.ts';
import { exchange } from './exchange.ts';

/** As `method-override` does it. */
const override: RequestHandler = (req, _res, next) => {
  req.method = req.get('x-http-method-override') ?? req.method;
  next();
};
const answer: RequestHandler = (req, res) => void res.send(req.method);

describe('middleware that overrides the method', () => {
  const decisions: Decision[] = [];
  let issuer: TestIssuer;
  let api: RunningApi;

  beforeAll(async () => {
    issuer = await createTestIssuer({ audience: 'https://api.example' });
    const { requireAgent, resourceMetadata } = createGatehouse({
      resource: 'https://api.example',
      issuers: [issuer.issuer],
      onDecision: (decision) => void decisions.push(decision),
    });
    const app = express();
    app.use(resourceMetadata());
    app.all('/below', requireAgent(), override, answer);
    app.all('/above', override, requireAgent(), answer);
    app.all('/between', requireAgent(), override, requireAgent(), answer);
    api = await serveApi(app);
  });
  afterAll(async () => {
    await api.close();
    await issuer.close();
  });

  /** What a POST with a proof for POST is served as, or the code of its refusal. */
  async function post(path: string, ...fields: readonly string[]): Promise<string | undefined> {
    const agent = createTestAgent(issuer, { sub: 'alice' }, { dpop: true });
    const { authorization, dpop } = await agent.headers({ method: 'POST', url: `https://api.example${path}` });
    const request = [`POST ${path} HTTP/1.1`, `Authorization: ${authorization}`, `DPoP: ${dpop}`, ...fields];
    const [served] = await exchange(api.url, request);
    return decisions.at(-1)?.refusal?.code ?? served?.body;
  }

  it('above a guard makes proofs for the method that was sent worthless [DPOP-09]', async () => {
    expect(await post('/above')).toBe('POST');
    expect(await post('/above', 'X-HTTP-Method-Override: DELETE')).toBe('ERR_DPOP_METHOD');
  });

  it('between two guards does not pass the second with what the first has found [DPOP-09]', async () => {
    expect(await post('/between')).toBe('POST');
    expect(await post('/between', 'X-HTTP-Method-Override: DELETE')).toBe('ERR_DPOP_METHOD');
  });

  it('below the last guard is seen by no guard, which is why it belongs above', async () => {
    expect(await post('/below')).toBe('POST');
    expect(await post('/below', 'X-HTTP-Method-Override: DELETE')).toBe('DELETE');
  });
});
