import { Agent as HttpAgent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { answerWith, atEnd, describeToken, guardAt, refusalOf, serve } from './endpoint.ts';

/** Every character that a token can have (RFC 6750 §2.1). */
const token = 'aZ09-._~+/==';

describe('a question', () => {
  it('posts the token as a form, in which every character survives [INT-01 INT-03]', async () => {
    const { url, received } = await serve(answerWith(describeToken()));
    expect(await guardAt(url)(token)).toMatchObject({ outcome: 'accepted' });
    const [{ request, form } = expect.fail()] = received;
    expect(request).toMatchObject({ method: 'POST', url: '/introspect' });
    expect(request.headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'accept-encoding': 'identity',
    });
    expect(Object.fromEntries(form)).toEqual({ token, token_type_hint: 'access_token' });
  });

  it('carries nothing else of the request, the proof of the caller least of all [INT-02 INT-11]', async () => {
    const { url, received } = await serve(answerWith(describeToken()));
    await guardAt(url)(token);
    const [{ request } = expect.fail()] = received;
    expect(Object.keys(request.headers).toSorted()).toEqual([
      ...['accept', 'accept-encoding', 'authorization', 'connection', 'content-length', 'content-type', 'host'],
    ]);
    expect(request.headers.authorization).toMatch(/^Basic /);
  });

  it('keeps the query of the endpoint', async () => {
    const { url, received } = await serve(answerWith(describeToken()));
    await guardAt(`${url}?tenant=1`)(token);
    expect(received[0]?.request.url).toBe('/introspect?tenant=1');
  });

  it('uses the connection of the one before', async () => {
    const { url, received } = await serve(answerWith(describeToken()));
    const check = guardAt(url);
    await check(token);
    await check(token);
    const [first, second] = received.map(({ request }) => request.socket.remotePort);
    expect(second).toBe(first);
  });

  it('is sent again where the issuer closed the connection in the meantime', async () => {
    let questions = 0;
    const { url } = await serve((response) => {
      questions += 1;
      if (questions === 2) response.socket?.resetAndDestroy();
      else response.writeHead(200, { 'content-type': 'application/json' }).end(describeToken());
    });
    const check = guardAt(url);
    await check(token);
    expect(await check(token)).toMatchObject({ outcome: 'accepted' });
    expect(questions).toBe(3);
  });

  it('ends in time, whatever becomes of a connection that the agent of the options cannot make [INT-09]', async () => {
    const { url } = await serve(answerWith(describeToken()));
    const stuck = Object.assign(new HttpAgent(), { createConnection: () => undefined });
    const refusal = await refusalOf(guardAt(url, { agent: stuck, timeoutSeconds: 0.1 })());
    expect(refusal).toMatchObject({ code: 'ERR_INTROSPECTION_TIMEOUT', status: 503 });
    expect(await guardAt(url, { agent: new HttpAgent(), timeoutSeconds: 10 })()).toMatchObject({ outcome: 'accepted' });
  });

  it('goes through the agent of the options, which is not closed with the verifier', async () => {
    const { url } = await serve(answerWith(describeToken()));
    const agent = new HttpAgent({ keepAlive: true });
    atEnd(() => agent.destroy());
    expect(await guardAt(url, { agent })(token)).toMatchObject({ outcome: 'accepted' });
    await expect.poll(() => Object.values(agent.freeSockets).flat()).toHaveLength(1);
  });
});
