import { type IssuerFault, issuerFaults } from '@gatehouse/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { describeToken, serve } from './endpoint.ts';
import { type Changes, describeOutcome, type Guard, requestWith, startGuard } from './guard.ts';

/** What nobody answers is waited for until the time is over; what somebody does may take its time on a busy machine. */
const timeoutFor = (fault: IssuerFault) => (fault === 'hang' || fault === 'drip' ? 1 : 10);
/** The first fetch of a process loads what it needs, however short the timeout for faults is. */
const keys = { timeoutSeconds: 10 };

/** What each fault is called, and whether it says that the issuer is out, or only that this token upset it. */
const meanings: Readonly<Record<IssuerFault, readonly [code: string, kind: 'outage' | 'oddity']>> = {
  reset: ['ERR_INTROSPECTION_UNREACHABLE', 'outage'],
  hang: ['ERR_INTROSPECTION_TIMEOUT', 'outage'],
  drip: ['ERR_INTROSPECTION_TIMEOUT', 'outage'],
  'server-error': ['ERR_INTROSPECTION_STATUS', 'oddity'],
  'not-found': ['ERR_INTROSPECTION_STATUS', 'oddity'],
  html: ['ERR_INTROSPECTION_MEDIA_TYPE', 'oddity'],
  malformed: ['ERR_INTROSPECTION_INVALID', 'oddity'],
  truncated: ['ERR_INTROSPECTION_TRUNCATED', 'oddity'],
  empty: ['ERR_INTROSPECTION_INVALID', 'oddity'],
  huge: ['ERR_INTROSPECTION_TOO_LARGE', 'oddity'],
  redirect: ['ERR_INTROSPECTION_STATUS', 'oddity'],
};
const withMeanings = issuerFaults.map((fault) => [fault, ...meanings[fault]] as const);
const outages = withMeanings.filter(([, , kind]) => kind === 'outage');
const oddities = withMeanings.filter(([, , kind]) => kind === 'oddity');

let guard: Guard;

afterEach(() => guard[Symbol.asyncDispose]());

async function open(introspection: NonNullable<Changes['introspection']>): Promise<void> {
  guard = await startGuard({
    issuerOptions: { keys },
    introspection: { cacheSeconds: 10, timeoutSeconds: 10, ...introspection },
  });
  await guard.verifier.ready();
}

const mint = (count: number) => Promise.all(Array.from({ length: count }, () => guard.issuer.token()));
const askAll = (tokens: readonly string[]) => Promise.all(tokens.map((token) => guard.ask(token)));
const health = () => guard.verifier.health().issuers[0]?.introspection;

/** Callers get 503, are told when to come back, and nothing else. */
async function expectUnavailable(token: string, code: string): Promise<void> {
  const outcome = await guard.check(token);
  expect(outcome).toMatchObject({
    outcome: 'refused',
    error: { class: 'UnavailableError', code },
    response: { status: 503, headers: { 'retry-after': [expect.stringMatching(/^[1-5]$/)] } },
  });
  expect(JSON.stringify(outcome)).not.toMatch(/invalid_token|www-authenticate/);
}

describe('a fault of the introspection endpoint', () => {
  it.each(withMeanings)('is no fault of a token, and heals by itself: %s, %s [INT-08 INT-09]', async (fault, code) => {
    await open({ timeoutSeconds: timeoutFor(fault) });
    const { issuer, ask } = guard;
    const token = await issuer.token();
    issuer.fail('introspection', fault);
    const startedAt = performance.now();
    await expectUnavailable(token, code);
    // One timeout for everything, and what a busy machine adds.
    expect(performance.now() - startedAt).toBeLessThan(timeoutFor(fault) * 1000 + 1000);
    expect(health()).toMatchObject({ lastError: code, inFlight: 0, cachedAnswers: 0 });
    issuer.heal();
    expect(await ask(token)).toBe('accepted');
    expect(health()).not.toHaveProperty('lastError');
  });

  it.each(withMeanings)('does not touch tokens whose answer counts: %s, %s', async (fault, code) => {
    await open({ timeoutSeconds: timeoutFor(fault) });
    const { issuer, clock, ask } = guard;
    const token = await issuer.token();
    expect(await ask(token)).toBe('accepted');
    issuer.fail('introspection', fault);
    clock.advance(9.9);
    expect(await askAll(Array(20).fill(token))).toEqual(Array(20).fill('accepted'));
    expect(guard.questions).toBe(1);
    clock.advance(0.1);
    expect(await ask(token)).toBe(code);
  });

  it.each(outages)('that says the issuer is out stops the questions for a while: %s, %s', async (fault, code) => {
    await open({ timeoutSeconds: timeoutFor(fault) });
    const { issuer, clock, ask } = guard;
    const [probe = '', other = '', ...tokens] = await mint(7);
    issuer.fail('introspection', fault);
    expect(await askAll(tokens)).toEqual(Array(5).fill(code));
    expect(health()?.breakers.unknown).toBe('open');
    const asked = guard.questions;
    await expectUnavailable(other, code);
    expect(guard.questions).toBe(asked);
    clock.advance(1);
    expect(await askAll([probe, other])).toEqual([code, code]);
    expect(guard.questions).toBe(asked + 1);
    issuer.heal();
    clock.advance(1.9);
    expect(await ask(other)).toBe(code);
    clock.advance(0.1);
    expect(await ask(probe)).toBe('accepted');
    expect(await askAll([other, ...tokens])).toEqual(Array(6).fill('accepted'));
  });

  it.each(oddities)('that one token may cause stops nothing for others: %s, %s', async (fault, code) => {
    await open({ timeoutSeconds: timeoutFor(fault) });
    const { issuer, ask } = guard;
    const [last = '', ...tokens] = await mint(21);
    issuer.fail('introspection', fault);
    expect(await askAll(tokens)).toEqual(Array(20).fill(code));
    expect(health()?.breakers).toEqual({ known: 'closed', unknown: 'closed' });
    issuer.heal();
    expect(await ask(last)).toBe('accepted');
  });

  it.each(issuerFaults)('does not touch requests that need no question: %s', async (fault) => {
    await open({ timeoutSeconds: timeoutFor(fault) });
    const { issuer, clock, ask, verifier } = guard;
    issuer.fail('introspection', fault);
    const jwt = await issuer.token({}, { format: 'jwt' });
    const expired = await issuer.token({}, { format: 'jwt', defect: 'expired' });
    for (let round = 0; round < 2; round += 1) {
      expect(await ask(jwt)).toBe('accepted');
      expect(await ask(expired)).toBe('ERR_TOKEN_EXPIRED');
      clock.advance(60);
    }
    const nobody = { method: 'GET', target: '/', headers: {} };
    expect(await verifier.check(nobody, { mode: 'optional' })).toMatchObject({ outcome: 'anonymous' });
    expect(guard.questions).toBe(0);
  });

  it.each(withMeanings)(
    'is that of a JWT which has to be asked about, and of no other: %s, %s',
    async (fault, code) => {
      await open({ timeoutSeconds: timeoutFor(fault) });
      const { issuer, clock, ask } = guard;
      const jwt = await issuer.token({}, { format: 'jwt' });
      clock.advance(30);
      issuer.fail('introspection', fault);
      expect(await ask(jwt, { maxStatusAgeSeconds: 30 })).toBe(code);
      expect(await ask(jwt, { maxStatusAgeSeconds: 31 })).toBe('accepted');
      expect(await ask(jwt)).toBe('accepted');
      issuer.heal();
      expect(await ask(jwt, { maxStatusAgeSeconds: 30 })).toBe('accepted');
    },
  );
});

describe('an issuer', () => {
  it('that refuses the credentials of the API is an outage of ours, and soon left alone [INT-08]', async () => {
    await open({
      clientAuthentication: { method: 'client_secret_basic', clientId: 'api-1', clientSecret: 'not the secret' },
    });
    const [first = '', ...others] = await mint(5);
    await expectUnavailable(first, 'ERR_INTROSPECTION_REFUSED');
    expect(await askAll(others)).toEqual(Array(4).fill('ERR_INTROSPECTION_REFUSED'));
    expect(guard.questions).toBe(5);
    await expectUnavailable(first, 'ERR_INTROSPECTION_REFUSED');
    expect(guard.questions).toBe(5);
  });

  it('that is down is an outage of ours, and heals by itself [INT-09]', async () => {
    await open({});
    const { issuer, ask } = guard;
    const token = await issuer.token();
    await issuer.stop();
    await expectUnavailable(token, 'ERR_INTROSPECTION_UNREACHABLE');
    await issuer.start();
    expect(await ask(token)).toBe('accepted');
  });

  it('that is down before anything is known of it is an outage of ours, and heals by itself [INT-09]', async () => {
    guard = await startGuard({ issuerOptions: { keys } });
    const { issuer, clock, ask } = guard;
    const token = await issuer.token();
    await issuer.stop();
    await expectUnavailable(token, 'ERR_METADATA_UNAVAILABLE');
    await issuer.start();
    clock.advance(5);
    expect(await ask(token)).toBe('accepted');
  });

  it('that has just started, and answers slowly, is asked once about a token by all who wait', async () => {
    const held: (() => void)[] = [];
    const { url, received } = await serve((response) => {
      held.push(() => response.writeHead(200, { 'content-type': 'application/json' }).end(describeLater()));
    });
    const describeLater = () => {
      const now = guard.clock.now() / 1000;
      return describeToken({ iss: guard.issuer.issuer, iat: now, exp: now + 300 });
    };
    await open({ endpoint: url, timeoutSeconds: 10 });
    const waiting = askAll(Array(50).fill('opaque-token'));
    await expect.poll(() => received).toHaveLength(1);
    for (const answer of held) answer();
    expect(await waiting).toEqual(Array(50).fill('accepted'));
    expect(received).toHaveLength(1);
  });

  it('is not waited for by close()', async () => {
    await open({ timeoutSeconds: 60, callsInFlight: 2 });
    const { issuer, verifier } = guard;
    issuer.fail('introspection', 'hang');
    const [asked = '', waits = ''] = await mint(2);
    const outcomes = [asked, waits].map((token) => verifier.check(requestWith(token)));
    await expect.poll(() => guard.questions).toBe(1);
    await verifier.close();
    expect((await Promise.all(outcomes)).map(describeOutcome)).toEqual([
      'ERR_INTROSPECTION_UNREACHABLE',
      'ERR_VERIFIER_CLOSED',
    ]);
  });
});
