import { decodeJwt } from 'jose';

/**
 * A person lends an agent her authority, and that agent lends it on.
 *
 * @param {import('../demo.mjs').World} world
 */
export async function delegation({ transcript, api, agents: { assistant, researcher }, alice, badges }) {
  transcript.scene(
    'Alice, an assistant, a researcher',
    'Alice logs in and lets her assistant work with reports. The assistant hands one errand to a researcher.',
  );

  const gate = await assistant.discover(await assistant.call('GET', `${api}/reports`), api);
  badges.alice = await assistant.askPerson(gate, 'openid reports:read reports:write', alice);
  transcript.say(
    'Her browser at the authorization server is sent to log in, then to consent, then back to the assistant. Each ' +
      '401 is a page that asks for her password.',
  );
  transcript.list(alice.browser.journey);
  transcript.say('The assistant redeems the code it got from there, with its PKCE verifier (RFC 7636).');
  transcript.http(badges.alice.exchange);
  const direct = await assistant.call('GET', `${api}/reports`, badges.alice.token);
  transcript.expect('alice → assistant', chain(direct), ['alice', 'assistant']);

  transcript.say('The researcher exchanges what it was handed for a token of its own (RFC 8693), for reading only.');
  badges.researcher = await researcher.actFor(gate, 'reports:read', badges.alice.token);
  transcript.http(badges.researcher.exchange);
  transcript.say('In that token, alice is still the subject. Who acts is in `act`, the current actor outermost.');
  const { sub, act, client_id, scope } = decodeJwt(badges.researcher.token);
  transcript.json({ sub, act, client_id, scope });

  const errand = await researcher.call('GET', `${api}/reports`, badges.researcher.token);
  transcript.http(errand.exchange);
  transcript.expect('alice → assistant → researcher', chain(errand), ['alice', 'assistant', 'researcher']);
  const widened = await researcher.actFor(gate, 'reports:write', badges.researcher.token).catch((error) => error);
  transcript.expect('lending on never widens: the server says no', widened.error, 'invalid_scope');
}

/** Whom the API took the caller for, from the subject to the actor. @param {import('../agent.mjs').Answer} answer */
function chain({ body: { actor, onBehalfOf, through } }) {
  return [onBehalfOf, ...through.toReversed(), actor];
}
