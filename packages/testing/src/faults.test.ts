import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { describeFault, type IssuerFault, issuerFaults } from './faults.ts';
import { createTestIssuer, type TestIssuer } from './issuer.ts';

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await createTestIssuer();
});
afterEach(() => issuer.heal());
afterAll(() => issuer.close());

const observations: Readonly<Record<IssuerFault, (uri: string, sound: unknown) => Promise<void>>> = {
  async reset(uri) {
    await expect(fetch(uri)).rejects.toMatchObject({
      cause: { code: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/) },
    });
  },
  async hang(uri) {
    const giveUp = new AbortController();
    const hanging = fetch(uri, { signal: giveUp.signal }).then(() => 'answered');
    const other = uri === issuer.jwksUri ? issuer.metadataUri : issuer.jwksUri;
    expect(await Promise.race([hanging, fetch(other).then(() => 'waiting')])).toBe('waiting');
    giveUp.abort();
    await expect(hanging).rejects.toThrow('aborted');
  },
  async drip(uri, sound) {
    const giveUp = new AbortController();
    const response = await fetch(uri, { signal: giveUp.signal });
    const reader = response.body?.getReader();
    let received = '';
    while (received.length < 3) received += new TextDecoder().decode((await reader?.read())?.value);
    expect(JSON.stringify(sound).startsWith(received)).toBe(true);
    giveUp.abort();
    await expect(reader?.read()).rejects.toThrow('aborted');
  },
  async 'server-error'(uri, sound) {
    const response = await fetch(uri);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual(sound);
  },
  async 'not-found'(uri, sound) {
    const response = await fetch(uri);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual(sound);
  },
  async html(uri) {
    const response = await fetch(uri);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html']);
    expect(await response.text()).toMatch(/^<!doctype html>/);
  },
  async malformed(uri, sound) {
    const response = await fetch(uri);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    const text = await response.text();
    expect(JSON.stringify(sound).startsWith(text)).toBe(true);
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
  },
  async truncated(uri, sound) {
    const response = await fetch(uri);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe(`${JSON.stringify(sound).length}`);
    await expect(response.text()).rejects.toThrow('terminated');
  },
  async empty(uri) {
    const response = await fetch(uri);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
  },
  async huge(uri, sound) {
    const response = await fetch(uri);
    expect(response.headers.get('content-length')).toBeNull();
    const text = await response.text();
    expect(text.length).toBeGreaterThan(4 * 1024 * 1024);
    expect(JSON.parse(text)).toEqual(sound);
  },
  async redirect(uri, sound) {
    const response = await fetch(uri, { redirect: 'manual' });
    expect(response.status).toBe(302);
    expect(await response.text()).toBe('');
    const location = new URL(response.headers.get('location') ?? '', uri);
    expect(location.href).not.toBe(uri);
    expect(await (await fetch(uri)).json()).toEqual(sound);
  },
};

describe.each(['metadata', 'jwks'] as const)('the %s endpoint', (endpoint) => {
  const uri = () => (endpoint === 'jwks' ? issuer.jwksUri : issuer.metadataUri);
  const otherUri = () => (endpoint === 'jwks' ? issuer.metadataUri : issuer.jwksUri);

  test.each(issuerFaults)('shows the fault %s, alone, and heals', async (fault) => {
    const sound: unknown = await (await fetch(uri())).json();
    issuer.fail(endpoint, fault);
    await observations[fault](uri(), sound);
    expect((await fetch(otherUri())).status).toBe(200);
    issuer.heal();
    expect(await (await fetch(uri())).json()).toEqual(sound);
  });
});

test('lists every fault once, each with a description of its own', () => {
  expect([...issuerFaults].sort()).toEqual(Object.keys(observations).sort());
  expect(new Set(issuerFaults.map(describeFault)).size).toBe(issuerFaults.length);
});

test('outlives a caller that stops reading in the middle', async () => {
  issuer.fail('jwks', 'huge');
  const giveUp = new AbortController();
  const response = await fetch(issuer.jwksUri, { signal: giveUp.signal });
  giveUp.abort();
  await expect(response.text()).rejects.toThrow('aborted');
  issuer.heal();
  expect(await (await fetch(issuer.jwksUri)).json()).toEqual(issuer.jwks());
});

test.each(['hang', 'drip'] as const)('closes at once while a request meets the fault %s', async (fault) => {
  const busy = await createTestIssuer();
  busy.fail('jwks', fault);
  const open = fetch(busy.jwksUri).then((response) => response.text());
  const failure = expect(open).rejects.toThrow(TypeError);
  await fetch(busy.metadataUri);
  await busy.close();
  await failure;
});
