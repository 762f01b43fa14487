import { decodeJwt } from 'jose';
import { findField } from '../wire.mjs';

/**
 * An API that wants proofs made after it asked for them, and an agent that was not told so.
 *
 * @param {import('../demo.mjs').World} world
 */
export async function nonceRoundTrip({ transcript, strictApi, agents: { treasurer }, decisions }) {
  transcript.scene(
    'A nonce makes a round trip',
    'Whoever borrows a key for a minute could sign proofs for next week. A second copy of the API takes bound tokens ' +
      'only, and proofs that contain a nonce of its own, which nobody has in advance.',
  );

  const refusal = await treasurer.call('GET', `${strictApi}/reports`);
  const gate = await treasurer.discover(refusal, strictApi);
  transcript.http(gate.aboutApi, {
    members: ['resource', 'dpop_signing_alg_values_supported', 'dpop_bound_access_tokens_required'],
  });
  const challenges = refusal.exchange.responseFields.filter(([name]) => name.toLowerCase() === 'www-authenticate');
  const schemes = challenges.map(([, challenge]) => challenge.split(' ', 1)[0]);
  transcript.expect('its challenges offer no Bearer', schemes, ['DPoP']);

  transcript.say('The treasurer gets a token for this address, and calls with a proof as before.');
  const { token } = await treasurer.actForItself(gate, refusal.challenge.scope ?? '');
  const { exchange, withoutNonce, status, body } = await treasurer.call('GET', `${strictApi}/reports`, token);
  if (withoutNonce === undefined) throw new Error('The API did not ask for a nonce.');
  transcript.request(withoutNonce);
  transcript.answer(withoutNonce);
  transcript.expect('the operator reads ERR_DPOP_NONCE', decisions.at(-2)?.refusal?.code, 'ERR_DPOP_NONCE');

  transcript.say(
    'Nothing is wrong with the token. The client signs a new proof, with the nonce, and calls again by itself.',
  );
  transcript.http(exchange);
  const { nonce } = decodeJwt(findField(exchange.requestFields, 'dpop') ?? '');
  transcript.say('The new proof says, beside what the other one said:');
  transcript.json({ nonce });
  transcript.expect('the nonce came back in the proof', nonce, findField(withoutNonce.responseFields, 'dpop-nonce'));
  transcript.expect('the treasurer is in', [status, body.confirmation], [200, 'dpop']);
  const next = await treasurer.call('GET', `${strictApi}/reports`, token);
  transcript.expect('from now on it is in at once', [next.status, next.withoutNonce], [200, undefined]);
}
