import { createTestIssuer, type TestIssuer, type TokenDefect, tokenDefects } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { answerWith, atEnd, guardAt, refusalOf, serve } from './endpoint.ts';
import { type Guard, resource, startGuard } from './guard.ts';

const startSigned = (signedAudience?: string): Promise<Guard> =>
  startGuard({ introspection: { response: 'signed', signedAudience } });

describe('a signed answer', () => {
  it('is asked for by its media type, and taken [IJW-01]', async () => {
    const { url, received } = await serve(answerWith('{"active":false}'));
    await guardAt(url, { response: 'signed' })();
    expect(received[0]?.request.headers.accept).toBe('application/token-introspection+jwt');
    await using guard = await startSigned();
    const token = await guard.issuer.token({ scope: 'read:data' });
    expect(await guard.ask(token, 'read:data')).toBe('accepted');
    expect(await guard.ask(token, 'write:data')).toBe('ERR_SCOPE');
    guard.issuer.revoke(token);
    expect(await guard.ask(token)).toBe('ERR_TOKEN_INACTIVE');
  });

  it('verifies with a new key of the issuer, and not with one that it withdrew [IJW-03]', async () => {
    await using guard = await startSigned();
    const { clock, issuer } = guard;
    expect(await guard.ask(issuer.token())).toBe('accepted');
    await issuer.rotateKeys({ oldKeys: 'withdraw' });
    clock.advance(5);
    expect(await guard.ask(issuer.token())).toBe('accepted');
  });

  it('is 503 while the keys of the issuer cannot be had', async () => {
    await using guard = await startSigned();
    guard.issuer.fail('jwks', 'server-error');
    expect(await guard.ask(guard.issuer.token())).toBe('ERR_KEYS_UNAVAILABLE');
  });

  it('is not replaced by a plain one, whatever that says [IJW-06]', async () => {
    const { url } = await serve(answerWith('{"active":true}'));
    const refusal = await refusalOf(guardAt(url, { response: 'signed' })());
    expect(refusal).toMatchObject({ code: 'ERR_INTROSPECTION_MEDIA_TYPE', status: 503 });
  });

  it('names this API by its client id, or by another name that the issuer has for it [IJW-03]', async () => {
    await using guard = await startSigned(resource);
    expect(await guard.ask(guard.issuer.token())).toBe('ERR_INTROSPECTION_SIGNATURE');
    await using same = await startSigned('api-1');
    expect(await same.ask(same.issuer.token())).toBe('accepted');
  });
});

describe('what is signed', () => {
  let issuer: TestIssuer;

  /** An endpoint that answers with a JWT of the issuer, and how a request ends. */
  async function answerJwt(claims: object, header: object = {}, type = 'application/token-introspection+jwt') {
    issuer = await createTestIssuer({ audience: resource });
    atEnd(() => issuer.close());
    const { introspection, issuer: iss } = issuer;
    const now = Math.floor(Date.now() / 1000);
    const members = { active: true, aud: resource, sub: 'user-1', client_id: 'client-1', iat: now, exp: now + 300 };
    const nothing = { sub: undefined, client_id: undefined, exp: undefined, jti: undefined };
    const jwt = await issuer.token(
      { ...nothing, iss, aud: 'api-1', iat: now, token_introspection: members, ...claims },
      { header: { typ: 'token-introspection+jwt', ...header } },
    );
    const { url } = await serve(answerWith(jwt, 200, { 'content-type': type }));
    return guardAt(url, { ...introspection, response: 'signed' }, { issuer: iss })();
  }

  it('is taken in whatever case its type is written, and with it in a list of audiences [IJW-02 IJW-03]', async () => {
    expect(await answerJwt({})).toMatchObject({ outcome: 'accepted', agent: { sub: 'user-1' } });
    const typ = 'application/Token-Introspection+JWT';
    expect(await answerJwt({ aud: ['api-2', 'api-1'] }, { typ })).toMatchObject({ outcome: 'accepted' });
  });

  it.each([
    ['typ is that of another JWT', {}, { typ: 'JWT' }],
    ['typ is that of an access token', {}, { typ: 'at+jwt' }],
    ['there is no typ', {}, { typ: undefined }],
    ['crit demands something', {}, { crit: ['exp'] }],
    ['iss is another', { iss: 'https://other.example' }],
    ['there is no iss', { iss: undefined }],
    ['aud is another', { aud: 'api-2' }],
    ['aud is the API by another name', { aud: resource }],
    ['there is no aud', { aud: undefined }],
    ['there is no iat', { iat: undefined }],
    ['iat is a string', { iat: String(Math.floor(Date.now() / 1000)) }],
    ['iat is two minutes ago', { iat: Date.now() / 1000 - 120 }],
    ['iat is two minutes ahead', { iat: Date.now() / 1000 + 120 }],
    ['exp is two minutes ago', { exp: Date.now() / 1000 - 120 }],
    ['exp is a string', { exp: '99999999999' }],
    ['nbf is two minutes ahead', { nbf: Date.now() / 1000 + 120 }],
    ['there is no token_introspection', { token_introspection: undefined }],
    ['token_introspection is a list', { token_introspection: [{ active: true }] }],
  ])('says nothing about the token where %s [IJW-02 IJW-03 IJW-04]', async (_what, claims, header: object = {}) => {
    const outcome = await answerJwt(claims, header);
    expect(outcome).toMatchObject({ error: { code: 'ERR_INTROSPECTION_SIGNATURE' }, response: { status: 503 } });
  });

  it('is not taken under the media type of another JWT [IJW-02]', async () => {
    for (const type of ['application/jwt', 'application/json']) {
      expect(await answerJwt({}, {}, type)).toMatchObject({ error: { code: 'ERR_INTROSPECTION_MEDIA_TYPE' } });
    }
  });

  it('says of the token what stands in token_introspection, and nothing else [IJW-04]', async () => {
    const inactive = await answerJwt({ active: true, sub: 'user-1', token_introspection: { active: false } });
    expect(inactive).toMatchObject({ error: { code: 'ERR_TOKEN_INACTIVE' } });
    const untold = await answerJwt({ active: true, token_introspection: { sub: 'user-1' } });
    expect(untold).toMatchObject({ error: { code: 'ERR_INTROSPECTION_INVALID' }, response: { status: 503 } });
  });

  it('is an access token for nobody [IJW-05]', async () => {
    await answerJwt({});
    await using guard = await startGuard({ issuer: { tokenFormat: 'jwt' } });
    const members = { active: true, aud: resource, sub: 'user-1' };
    const jwt = await guard.issuer.token(
      { token_introspection: members },
      { header: { typ: 'token-introspection+jwt' } },
    );
    expect(await guard.ask(jwt)).toBe('ERR_TOKEN_TYPE');
  });
});

describe('a signed answer that is wrong', () => {
  /** What is no fault of an answer: it has none of these claims, or they are nobody's business there. */
  const harmless: readonly TokenDefect[] = [
    ...(['missing-expiry', 'missing-subject', 'missing-client-id', 'missing-token-id', 'array-scope'] as const),
    ...(['act-string', 'act-without-subject', 'act-too-deep', 'cnf-string', 'confirmation-unknown'] as const),
    ...(['jkt-number', 'jkt-short', 'jkt-padded', 'jkt-loose', 'jkt-hex', 'dpop-bound'] as const),
    ...(['x5t-sha1', 'x5t-padded', 'x5t-hex', 'mtls-bound', 'duplicate-claim'] as const),
  ];

  it.each(tokenDefects.filter((defect) => !harmless.includes(defect)))(
    'by %s says nothing about the token, and one without the defect does [IJW-02 IJW-03]',
    async (defect) => {
      await using guard = await startSigned();
      const token = await guard.issuer.token();
      expect(await guard.ask(token)).toBe('accepted');
      guard.clock.advance(5);
      guard.issuer.spoilAnswers(defect);
      expect(await guard.ask(token)).toBe('ERR_INTROSPECTION_SIGNATURE');
      guard.issuer.spoilAnswers();
      expect(await guard.ask(token)).toBe('accepted');
    },
  );
});
