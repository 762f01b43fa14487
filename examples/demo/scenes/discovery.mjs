/**
 * An agent gets in, acting for itself, with nothing to go by but the answers it gets.
 *
 * @param {import('../demo.mjs').World} world
 */
export async function discovery({ transcript, api, agents: { auditor }, badges }) {
  transcript.scene(
    'An agent that knows one address',
    'The auditor has a client id, a secret and the address of an API. Everything else it needs is in the answers.',
  );

  const refusal = await auditor.call('GET', `${api}/reports`);
  transcript.http(refusal.exchange);
  transcript.expect('no token: 401', refusal.status, 401);
  transcript.expect('a first visit is not an error (RFC 6750 §3.1)', refusal.challenge.error, undefined);
  transcript.expect('the challenge names the scope', refusal.challenge.scope, 'reports:read');

  transcript.say('It follows the challenge: whose API is this (RFC 9728), and who issues tokens for it (RFC 8414)?');
  const gate = await auditor.discover(refusal, api);
  transcript.http(gate.aboutApi);
  transcript.http(gate.aboutServer, { members: ['issuer', 'token_endpoint', 'jwks_uri'] });
  transcript.expect('the metadata is about this API, to the letter', gate.resource, api);

  transcript.say('It asks for a token for this resource (RFC 8707), with the scope it was told, and calls again.');
  badges.auditor = await auditor.actForItself(gate, refusal.challenge.scope ?? '');
  transcript.http(badges.auditor.exchange);
  const answer = await auditor.call('GET', `${api}/reports`, badges.auditor.token);
  transcript.http(answer.exchange);
  transcript.expect('with a token: 200', answer.status, 200);
  transcript.expect('the auditor acts', answer.body.actor, 'auditor');
  transcript.expect('for itself', answer.body.onBehalfOf, 'auditor');
}
