import { Agent } from '../agent.mjs';

/**
 * A bound token in the wrong hands.
 *
 * @param {import('../demo.mjs').World} world
 */
export async function stolenToken({ transcript, api, agents: { treasurer }, badges, decisions }) {
  transcript.scene(
    'A stolen token',
    'The token of the treasurer ended up in a log, and a thief reads logs. The key was never written anywhere.',
  );
  const { token } = badges.treasurer;
  const identity = { name: 'thief', secret: 'none that any server knows' };

  transcript.say('The thief leaves the proof out, and calls it a bearer token.');
  const asBearer = await new Agent(identity).call('GET', `${api}/reports`, token);
  transcript.request(asBearer.exchange);
  transcript.answer(asBearer.exchange);
  transcript.expect('refused', [asBearer.status, asBearer.challenge.error], [401, 'invalid_token']);
  transcript.expect('the operator reads ERR_TOKEN_BOUND', decisions.at(-1)?.refusal?.code, 'ERR_TOKEN_BOUND');

  transcript.say('The thief makes a key, and a proof that has no other defect.');
  const thief = await Agent.withKeys(identity);
  const withOtherKey = await thief.call('GET', `${api}/reports`, token);
  transcript.request(withOtherKey.exchange);
  transcript.answer(withOtherKey.exchange);
  transcript.expect('refused', [withOtherKey.status, withOtherKey.challenge.error], [401, 'invalid_token']);
  transcript.expect('the operator reads ERR_TOKEN_BINDING', decisions.at(-1)?.refusal?.code, 'ERR_TOKEN_BINDING');

  const control = await treasurer.call('GET', `${api}/reports`, token);
  transcript.expect('the same token, with a proof by its own key, is accepted', control.status, 200);
}
