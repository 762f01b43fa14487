import { beforeEach, describe, expect, it } from 'vitest';
import { openDirectory } from './directory.ts';
import { createIssuer } from './issuer.ts';
import type { Issuer, TrustedIssuers } from './trusted.ts';

const known = 'https://tenant-1.example';
let answers: Map<string, unknown>;
let asked: string[];
let now: number;
let fetches: number;
let issuers: TrustedIssuers;

const environment = {
  now: () => now,
  fetch: async () => {
    fetches += 1;
    throw new TypeError('no network');
  },
};

beforeEach(() => {
  answers = new Map([[known, { issuer: known }]]);
  asked = [];
  fetches = 0;
  now = 1_800_000_000_000;
  issuers = open();
});

function open(find: (iss: string) => Promise<unknown> = async (iss) => answers.get(iss), capacity = 100) {
  const record = (iss: string) => {
    asked.push(iss);
    return find(iss) as Promise<undefined>;
  };
  return openDirectory({ find: record, advertised: [known], refreshSeconds: 60 }, environment, capacity);
}

const advance = (seconds: number) => {
  now += seconds * 1000;
};
const fail = (error: Error) => async () => {
  throw error;
};
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a directory', () => {
  it('is asked for nothing before a token names an issuer', async () => {
    await issuers.ready();
    expect(issuers.health()).toEqual([]);
    expect(issuers.advertised).toEqual([known]);
    expect(asked).toEqual([]);
  });

  it('is asked once about an issuer by all who wait, and then for a minute by nobody', async () => {
    const found = await Promise.all(Array.from({ length: 50 }, () => issuers.find(known)));
    expect(new Set(found).size).toBe(1);
    advance(47);
    expect(issuers.find(known)).toBe(found[0]);
    expect(asked).toEqual([known]);
    expect(fetches).toBe(0);
  });

  it('gives identifiers, options and issuers that are shared', async () => {
    const shared = createIssuer('https://shared.example');
    answers.set('https://shared.example', shared).set('https://plain.example', 'https://plain.example');
    expect(await issuers.find('https://shared.example')).toBe(shared);
    expect((await issuers.find('https://plain.example'))?.issuer).toBe('https://plain.example');
  });

  it('keeps an issuer, and its keys, as long as its settings stay the same', async () => {
    const first = await issuers.find(known);
    answers.set(known, { issuer: known });
    advance(60);
    expect(await issuers.find(known)).toBe(first);
    answers.set(known, { issuer: known, audience: 'https://other.example' });
    advance(60);
    const second = await issuers.find(known);
    expect(second).not.toBe(first);
    expect(second?.audiences).toEqual(['https://other.example']);
    expect(asked).toHaveLength(3);
  });

  it('is asked again in the background before its answer is too old', async () => {
    const first = await issuers.find(known);
    advance(48);
    expect(issuers.find(known)).toBe(first);
    await settle();
    expect(asked).toHaveLength(2);
  });

  it('that drops an issuer ends it, for tokens that were verified before as well', async () => {
    const issuer = await issuers.find(known);
    if (issuer === undefined) throw new Error('not found');
    expect(issuers.isCurrent(issuer)).toBe(true);
    answers.delete(known);
    advance(60);
    expect(issuers.isCurrent(issuer)).toBe(false);
    expect(await issuers.find(known)).toBeUndefined();
    expect(issuers.isCurrent(issuer)).toBe(false);
    expect(issuers.health()).toEqual([]);
  });

  it('may answer by null what it does not know', async () => {
    answers.set(known, null);
    expect(await issuers.find(known)).toBeUndefined();
  });

  it('remembers for ten seconds that an issuer is unknown', async () => {
    expect(await issuers.find('https://unknown.example')).toBeUndefined();
    answers.set('https://unknown.example', { issuer: 'https://unknown.example' });
    advance(9.9);
    expect(await issuers.find('https://unknown.example')).toBeUndefined();
    expect(asked).toHaveLength(1);
    advance(0.1);
    expect(await issuers.find('https://unknown.example')).toBeDefined();
  });

  it.each([
    'http://169.254.169.254',
    'file:///etc/passwd',
    'tenant-1.example',
    'https://a@b.example',
    '',
    `https://${'a'.repeat(1020)}.example`,
  ])('is not asked about %.30s, which no issuer is called [DSC-07 JWT-07]', async (iss) => {
    expect(await issuers.find(iss)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('is asked 32 questions at a time about issuers that are not known, and none of it touches a known one', async () => {
    const open32: ((value: undefined) => void)[] = [];
    const hanging = open((iss) =>
      iss === known ? Promise.resolve(known) : new Promise((resolve) => open32.push(resolve)),
    );
    await hanging.find(known);
    const waiting = Array.from({ length: 32 }, (_, index) => hanging.find(`https://unknown-${index}.example`));
    expect(() => hanging.find('https://unknown-32.example')).toThrow(
      expect.objectContaining({ status: 503, code: 'ERR_DIRECTORY_BUSY' }),
    );
    expect(hanging.find('https://unknown-0.example')).toBe(waiting[0]);
    expect(hanging.find(known)).toMatchObject({ issuer: known });
    for (const answer of open32) answer(undefined);
    expect(await Promise.all(waiting)).toEqual(Array(32).fill(undefined));
    expect(asked).toHaveLength(33);
    answers.set('https://unknown-32.example', 'https://unknown-32.example');
    const late = hanging.find('https://unknown-32.example');
    open32.at(-1)?.(undefined);
    expect(await late).toBeUndefined();
  });

  it('keeps so many issuers, the last ones', async () => {
    issuers = open(async (iss) => iss, 10);
    for (let tenant = 0; tenant < 100; tenant += 1) await issuers.find(`https://tenant-${tenant}.example`);
    expect(issuers.health().length).toBeLessThanOrEqual(10);
    const last = await issuers.find('https://tenant-99.example');
    expect(asked).toHaveLength(100);
    expect(last && issuers.isCurrent(last)).toBe(true);
  });

  it('that fails is an outage for issuers that are not known, and nothing for the others [DSC-08]', async () => {
    let find: (iss: string) => Promise<unknown> = async (iss) => iss;
    issuers = open((iss) => find(iss));
    const issuer = await issuers.find(known);
    const error = new Error('database down');
    find = fail(error);
    await expect(issuers.find('https://tenant-2.example')).rejects.toMatchObject({
      status: 503,
      code: 'ERR_DIRECTORY_UNAVAILABLE',
      cause: error,
    });
    advance(3599);
    expect(await issuers.find(known)).toBe(issuer);
    advance(1);
    await expect(issuers.find(known)).rejects.toMatchObject({ code: 'ERR_DIRECTORY_UNAVAILABLE' });
    find = async (iss) => iss;
    advance(1);
    expect(await issuers.find(known)).toBe(issuer);
  });

  it('may throw instead of rejecting', async () => {
    issuers = open(() => {
      throw new Error('broken');
    });
    await expect(issuers.find(known)).rejects.toMatchObject({ code: 'ERR_DIRECTORY_UNAVAILABLE' });
  });

  it.each([
    ['another issuer', 'https://tenant-2.example'],
    ['the same with a slash', `${known}/`],
    ['options with a mistake', { issuer: known, algorithms: ['none'] }],
    ['a number', 7],
    ['an imitation of an issuer', Object.create(createIssuer(known) satisfies Issuer)],
  ])('that gives %s gives nothing that can be used [JWT-09]', async (_what, answer) => {
    answers.set(known, answer);
    await expect(issuers.find(known)).rejects.toMatchObject({ status: 503, code: 'ERR_DIRECTORY_INVALID' });
  });
});
