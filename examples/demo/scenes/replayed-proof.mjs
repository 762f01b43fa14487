import { resend } from '../wire.mjs';

/**
 * A proof that was good, once.
 *
 * @param {import('../demo.mjs').World} world
 */
export async function replayedProof({ transcript, api, agents: { treasurer }, badges, decisions }) {
  transcript.scene('A replayed proof', 'This time somebody recorded a whole request, token and proof together.');
  const { token } = badges.treasurer;

  const original = await treasurer.call('GET', `${api}/reports`, token);
  transcript.request(original.exchange);
  transcript.statusLine(original.exchange);
  transcript.expect('the request is accepted', original.status, 200);

  transcript.say('The recording is played back a moment later.');
  const { exchange, response } = await resend(original.exchange);
  transcript.request(exchange);
  transcript.answer(exchange);
  transcript.expect('the same request, to the byte', sent(exchange), sent(original.exchange));
  const { error } = JSON.parse(exchange.responseBody);
  transcript.expect('refused', [response.status, error], [401, 'invalid_dpop_proof']);
  transcript.expect('the operator reads ERR_DPOP_REPLAYED', decisions.at(-1)?.refusal?.code, 'ERR_DPOP_REPLAYED');

  const next = await treasurer.call('GET', `${api}/reports`, token);
  transcript.expect('the treasurer goes on with its token and a new proof', next.status, 200);
}

/** @param {import('../wire.mjs').Exchange} exchange */
const sent = ({ requestLine, requestFields, requestBody }) => ({ requestLine, requestFields, requestBody });
