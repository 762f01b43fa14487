import { EventEmitter, on, once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Decision } from '@gatehouse/core';
import { createTestIssuer, type TestIssuer } from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { adapters } from './adapters.ts';
import type { RunningApi } from './api.ts';
import { openConnection } from './exchange.ts';
import { type HeldKeys, holdKeys } from './held-keys.ts';

const resource = 'https://api.example';
let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await createTestIssuer({ audience: resource });
});
afterAll(() => issuer.close());

describe.each(adapters)('on connections to $name', (adapter) => {
  let keys: HeldKeys;
  let api: RunningApi;
  let handled: string[];
  let onDecision: (decision: Decision) => void;

  beforeEach(async () => {
    keys = await holdKeys(issuer);
    handled = [];
    onDecision = () => undefined;
    api = await adapter.start(
      {
        resource,
        issuers: [{ issuer: issuer.issuer, jwksUri: keys.jwksUri }],
        onDecision: (decision) => onDecision(decision),
      },
      ({ sub }) => void handled.push(sub),
    );
  });
  afterEach(async () => {
    await api.close();
    await keys.close();
  });

  const authorization = async (sub: string) =>
    `Authorization: Bearer ${await issuer.token({ sub, scope: 'read:data' })}`;
  const request = async (path: string, sub?: string) => [
    `GET ${path} HTTP/1.1`,
    ...(sub === undefined ? [] : [await authorization(sub)]),
  ];
  const describeBody = (body: string) => {
    const { sub, agent, status } = JSON.parse(body);
    return sub ?? agent ?? status;
  };
  const visits: readonly (readonly [string, string?])[] = [
    ['/data', 'alice'],
    ['/optional', 'bob'],
    ['/optional'],
    ['/data'],
    ['/owned/carol', 'carol'],
    ['/owned/carol', 'alice'],
    ['/impostor'],
    ['/stacked/admin', 'bob'],
    ['/v1/data', 'dave'],
  ];
  const answers = ['alice', 'bob', false, 401, 'carol', 403, false, 403, 'dave'];

  it('tells identities apart that come one after another', async () => {
    keys.release();
    const connection = await openConnection(api.url);
    const seen: unknown[] = [];
    for (const visit of visits) {
      connection.write(await request(...visit));
      seen.push(describeBody((await connection.read()).body));
    }
    connection.close();
    expect(seen).toEqual(answers);
  });

  it('tells identities apart that are pipelined, and verified at the same time', async () => {
    const requests = await Promise.all(visits.map((visit) => request(...visit)));
    const connection = await openConnection(api.url);
    const arrivals = on(api.server, 'request');
    connection.write(...requests);
    for (const _ of requests) await arrivals.next();
    keys.release();
    const seen: unknown[] = [];
    for (const _ of visits) seen.push(describeBody((await connection.read()).body));
    connection.close();
    expect(seen).toEqual(answers);
  });

  it('mixes up nobody in 200 parallel requests that share 20 connections', async () => {
    let connections = 0;
    api.server.on('connection', () => {
      connections += 1;
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const ask = async (path: string, sub: string) => {
      const headers = { authorization: (await authorization(sub)).slice('Authorization: '.length) };
      const [response] = (await once(get(`${api.url}${path}`, { agent, headers }), 'response')) as [IncomingMessage];
      return describeBody(JSON.stringify(await json(response)));
    };
    const subjects = Array.from({ length: 200 }, (_, index) => `user-${index}`);
    const paths = (sub: string) => ['/data', '/optional', `/owned/${sub}`, '/v1/data', '/impostor'];
    const asked = subjects.map((sub, index) => ask(paths(sub)[index % 5] ?? '', sub));
    await keys.asked;
    keys.release();
    expect(await Promise.all(asked)).toEqual(subjects);
    agent.destroy();
    expect(connections).toBe(20);
  });

  it('begins nothing for callers that leave while their token is verified', async () => {
    const left: Promise<unknown>[] = [];
    api.server.on('connection', (socket) => left.push(once(socket, 'close')));
    const outcomes: string[] = [];
    const decisions = new EventEmitter();
    const decided = once(decisions, 'all');
    const requests = [
      await request('/data', 'alice'),
      await request('/both', 'alice'),
      await request('/optional', 'alice'),
      await request('/stacked/admin', 'alice'),
      await request('/throws', 'alice'),
    ];
    onDecision = ({ outcome }) => {
      outcomes.push(outcome);
      if (outcomes.length === requests.length) decisions.emit('all');
    };
    for (const lines of requests) {
      const connection = await openConnection(api.url);
      const arrived = once(api.server, 'request');
      connection.write(lines);
      await arrived;
      await keys.asked;
      connection.close();
    }
    await Promise.all(left);
    keys.release();
    await decided;

    // The control: whoever stays is served, after everything that the others have left behind.
    const connection = await openConnection(api.url);
    connection.write(await request('/data', 'bob'));
    expect((await connection.read()).body).toBe('{"sub":"bob","actor":"client-1"}');
    connection.close();
    expect(handled).toEqual(['bob']);
    expect(outcomes.slice(0, requests.length).sort()).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'accepted',
      'refused',
    ]);
  });
});
