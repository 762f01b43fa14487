import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTestIssuer } from '@gatehouse/testing';
import { expect, test, vi } from 'vitest';
import { adapters } from './adapters.mjs';
import { sendRequest } from './http.ts';
import { adapterUnderTest } from './pair.ts';
import type { Route } from './routes.mjs';

const resource = 'https://api.example.com';

test('a bug in a handler or a rule is logged and answered with 500, which says nothing of it', async () => {
  const log = vi.spyOn(console, 'error').mockReturnValue(undefined);
  await using issuer = await createTestIssuer({ audience: resource });
  const bug = new Error('no such table in /var/lib/app.db');
  const fail = () => {
    throw bug;
  };
  const routes: readonly Route[] = [
    { method: 'GET', path: '/answer', guards: [], answer: fail },
    { method: 'ANY', path: '/serve', guards: [], serve: async () => fail() },
    {
      method: 'GET',
      path: '/rule',
      guards: [{ mode: 'require', requirement: { allow: fail } }],
      answer: () => ({ ok: true }),
    },
  ];
  const { createAdapter } = await adapters[adapterUnderTest]();
  const application = createAdapter({ resource, issuers: [issuer.issuer] }, [
    { prefix: '/', as: 'router', guards: [], routes },
  ]);
  const server = createServer(application.listener).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const { port } = server.address() as AddressInfo;
  const lines = ['authorization', `Bearer ${await issuer.token()}`];
  for (const { path } of routes) {
    const answer = await sendRequest(`http://127.0.0.1:${port}${path}`, { lines });
    expect(answer).toMatchObject({ status: 500, body: '{"error":"Internal Server Error"}' });
  }
  expect(log.mock.calls).toEqual([[bug], [bug], [bug]]);

  log.mockRestore();
  server.close();
  await application.close();
});
