import { createTestClock, createTestIssuer, type TestClock, type TestIssuer } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Guard, guardBy, resource } from './guard.ts';

/** Three tenants with an authorization server each, two of which are customers. */
let clock: TestClock;
let tenants: TestIssuer[];
let customers: Set<string>;
let asked: string[];
let guard: Guard;

beforeEach(async () => {
  clock = createTestClock();
  const paths = ['/tenant/1', '/tenant/2/', '/tenant/3'];
  tenants = await Promise.all(paths.map((path) => createTestIssuer({ audience: resource, clock, path })));
  customers = new Set(tenants.slice(0, 2).map(({ issuer }) => issuer));
  asked = [];
  const find = async (issuer: string) => {
    asked.push(issuer);
    return customers.has(issuer) ? { issuer } : undefined;
  };
  guard = guardBy({ issuers: { find, advertised: [tenants[0]?.issuer ?? ''] }, now: clock.now });
});
afterEach(async () => {
  await guard.verifier.close();
  await Promise.all(tenants.map((tenant) => tenant.close()));
});

const present = async (tenant: number) => guard.present(await (tenants[tenant] as TestIssuer).token());

describe('a verifier with a directory', () => {
  it('accepts the tokens of the issuers that it finds, and asks no others for anything [DSC-07 JWT-09]', async () => {
    expect(await present(0)).toBe('accepted');
    expect(await present(1)).toBe('accepted');
    expect(await present(2)).toBe(401);
    expect(tenants.map(({ requests }) => requests.length)).toEqual([2, 2, 0]);
    expect(
      guard.verifier
        .health()
        .issuers.map(({ issuer }) => issuer)
        .sort(),
    ).toEqual([...customers].sort());
  });

  it('takes no token of one tenant for one of another [JWT-09]', async () => {
    const [first, second] = tenants as [TestIssuer, TestIssuer];
    expect(await guard.present(await first.token({ iss: second.issuer }))).toBe(401);
    expect(await guard.present(await second.token({ iss: second.issuer.slice(0, -1) }))).toBe(401);
  });

  it('names the advertised issuers in the metadata of the resource [PRM-08]', async () => {
    const { body = '' } = await guard.verifier.metadata.handle({ method: 'GET', target: '/', headers: {} });
    expect(JSON.parse(body)).toMatchObject({ authorization_servers: [tenants[0]?.issuer] });
    expect(asked).toEqual([]);
  });

  it('lets go of a tenant within a minute, of tokens that it remembers as well', async () => {
    const token = await (tenants[0] as TestIssuer).token();
    expect(await guard.present(token)).toBe('accepted');
    expect(await guard.present(token)).toBe('accepted');
    expect(guard.lastSource()).toBe('token-cache');
    customers.clear();
    clock.advance(60);
    expect(await guard.present(token)).toBe(401);
    expect(guard.decisions.at(-1)?.refusal?.code).toBe('ERR_TOKEN_ISSUER');
  });

  it('asks its directory once for each of many issuers that nobody knows, and fetches nothing', async () => {
    const [tenant] = tenants as [TestIssuer];
    for (let index = 0; index < 50; index += 1) {
      const token = await tenant.token({ iss: `https://unknown-${index}.example` });
      expect(await guard.present(token)).toBe(401);
      expect(await guard.present(token)).toBe(401);
    }
    expect(asked).toHaveLength(50);
    expect(tenant.requests).toEqual([]);
  });
});
