import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose';
import { findField } from '../wire.mjs';

/**
 * An agent whose token works for nobody else.
 *
 * @param {import('../demo.mjs').World} world
 */
export async function boundAgent({ transcript, api, agents: { treasurer }, badges }) {
  transcript.scene(
    'A token that is bound to a key',
    'A bearer token works for whoever holds it. The treasurer wants one that works for the treasurer. It made a key ' +
      'pair when it started, and signs a proof for each request (DPoP, RFC 9449), the one for a token included.',
  );

  const refusal = await treasurer.call('GET', `${api}/reports`);
  const gate = await treasurer.discover(refusal, api);
  badges.treasurer = await treasurer.actForItself(gate, refusal.challenge.scope ?? '');
  const { token, exchange } = badges.treasurer;
  transcript.http(exchange);
  transcript.say('The server wrote into the token whose it is: `jkt` is the thumbprint of the key.');
  const { sub, scope, cnf } = /** @type {{ sub: string, scope: string, cnf: { jkt: string } }} */ (decodeJwt(token));
  transcript.json({ sub, scope, cnf });

  const answer = await treasurer.call('GET', `${api}/reports`, token);
  transcript.http(answer.exchange);
  transcript.say(
    'The proof was good for that method, that address and that token (`ath` is its hash), and once (`jti`).',
  );
  const proof = findField(answer.exchange.requestFields, 'dpop') ?? '';
  transcript.json(decodeJwt(proof));
  const { jwk } = decodeProtectedHeader(proof);
  transcript.expect('it is signed by the key of the token', jwk && (await calculateJwkThumbprint(jwk)), cnf.jkt);
  transcript.expect('the treasurer is in', [answer.status, answer.body.actor], [200, 'treasurer']);
  transcript.expect('and the handler can tell how it proved itself', answer.body.confirmation, 'dpop');
}
