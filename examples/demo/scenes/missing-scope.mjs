/**
 * A refusal that an agent mends by itself, and one that it cannot.
 *
 * @param {import('../demo.mjs').World} world
 */
export async function missingScope({ transcript, api, agents: { researcher, auditor }, badges }) {
  transcript.scene(
    'A scope is missing',
    'The researcher may read. It tries to publish, is told what that takes, gets it and tries again. Nobody helps.',
  );

  const body = { title: 'What the agents did' };
  const { first, last, badge } = await researcher.callAndRecover('POST', `${api}/reports`, {
    api,
    body,
    token: badges.researcher.token,
    obtain: (gate, scope) => researcher.actFor(gate, scope, badges.alice.token),
  });
  transcript.http(first.exchange);
  transcript.expect('a valid token that lacks a scope: 403', first.status, 403);
  transcript.expect('the challenge says so', first.challenge.error, 'insufficient_scope');
  transcript.expect('and names what is missing', first.challenge.scope, 'reports:write');

  transcript.say('Alice granted that scope to the assistant, so the researcher can have its share of it.');
  if (badge) transcript.http(badge.exchange);
  transcript.http(last.exchange);
  transcript.expect('published', last.status, 201);
  transcript.expect('still for alice', last.body.onBehalfOf, 'alice');
  const read = await researcher.call('GET', `${api}/reports`, badge?.token);
  transcript.expect('here, reports:write implies reports:read', [badge?.scope, read.status], ['reports:write', 200]);

  transcript.say('The auditor gets the same answer, but nobody allowed it to write.');
  const outsider = await auditor.callAndRecover('POST', `${api}/reports`, {
    api,
    body,
    token: badges.auditor.token,
    obtain: (gate, scope) => auditor.actForItself(gate, scope),
  });
  transcript.expect('it asks for the scope and does not get it', outsider.denied, 'invalid_scope');
  transcript.expect('so the refusal stands: a challenge grants nothing', outsider.last.status, 403);
}
