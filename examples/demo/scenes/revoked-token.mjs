/**
 * A token that says nothing, and an API that asks about it: whoever gives it up is believed at once.
 *
 * @param {import('../demo.mjs').World} world
 */
export async function revokedToken({ transcript, askingApi, agents: { auditor }, badges, decisions }) {
  transcript.scene(
    'An opaque token is revoked',
    'The tokens of a third copy of the API are random text. It asks the authorization server what each one is worth ' +
      '(RFC 7662), and has been told to do so at every request.',
  );

  const refusal = await auditor.call('GET', `${askingApi}/reports`);
  const gate = await auditor.discover(refusal, askingApi);
  const badge = await auditor.actForItself(gate, refusal.challenge.scope ?? '');
  badges.opaque = badge;
  const accepted = await auditor.call('GET', `${askingApi}/reports`, badge.token);
  transcript.http(accepted.exchange);
  transcript.expect('accepted', [accepted.status, accepted.body.actor], [200, 'auditor']);
  const checks = decisions.at(-1)?.checks.map(({ check, source }) => `${check}: ${source}`);
  transcript.expect('nothing was known but what the server said', checks, ['status: introspection']);

  transcript.say('The auditor is done, and gives the token up (RFC 7009). Nobody tells the API.');
  const revoked = await auditor.revoke(gate, badge.token);
  transcript.http(revoked);

  const late = await auditor.call('GET', `${askingApi}/reports`, badge.token);
  transcript.request(late.exchange);
  transcript.answer(late.exchange);
  transcript.expect('the very next call is refused', [late.status, late.challenge.error], [401, 'invalid_token']);
  transcript.expect('the operator reads ERR_TOKEN_INACTIVE', decisions.at(-1)?.refusal?.code, 'ERR_TOKEN_INACTIVE');
}
