import type { AddressInfo } from 'node:net';
import { createGatehouse } from '@gatehouse/fastify';
import { createTestAgent, createTestCertificate, createTestIssuer } from '@gatehouse/testing';
import fastify from 'fastify';
import { expect, it } from 'vitest';
import { asking, call, own } from './secure-api.ts';

it('a server that Fastify itself makes shows the certificates of its clients [MTL-01 MTL-02]', async () => {
  const resource = 'https://api.example';
  const issuer = await createTestIssuer({ audience: resource });
  const agent = createTestAgent(issuer, { scope: 'read:data' }, { certificate: true });
  const { plugin, requireAgent } = createGatehouse({ resource, issuers: [issuer.issuer] });
  const app = fastify({ https: { ...own, ...asking } });
  app.register(plugin);
  app.get(
    '/data',
    { onRequest: requireAgent({ senderConstraint: 'mtls' }) },
    async (request) => request.agent.confirmation,
  );
  await app.listen({ port: 0, host: '127.0.0.1' });
  const url = `https://127.0.0.1:${(app.server.address() as AddressInfo).port}/data`;

  const { thumbprint } = agent.certificate;
  expect(await (await agent.fetch(url)).json()).toEqual({ method: 'mtls', thumbprint });
  const headers = { authorization: `Bearer ${await agent.token()}` };
  expect((await call(url, headers)).status).toBe(401);
  const { cert, key } = createTestCertificate();
  expect((await call(url, headers, { cert, key })).status).toBe(401);
  await app.close();
  await issuer.close();
});

it('a request that Fastify makes up has no certificate, and comes from no proxy [MTL-02 MTL-07]', async () => {
  const resource = 'https://api.example';
  const issuer = await createTestIssuer({ audience: resource });
  const agent = createTestAgent(issuer, {}, { certificate: true });
  const { plugin, requireAgent } = createGatehouse({ resource, issuers: [issuer.issuer], trustedProxies: ['unix'] });
  const app = fastify();
  app.register(plugin);
  app.get('/data', { onRequest: requireAgent() }, async () => 'accepted');
  const headers = { authorization: `Bearer ${await agent.token()}`, ...agent.forward() };
  expect((await app.inject({ url: '/data', headers })).statusCode).toBe(401);
  const bearer = { authorization: `Bearer ${await createTestAgent(issuer).token()}` };
  expect((await app.inject({ url: '/data', headers: bearer })).body).toBe('accepted');
  await app.close();
  await issuer.close();
});
