import { decodeJwt } from 'jose';

/**
 * Authority that ends at once, and not when its token expires.
 *
 * @param {import('../demo.mjs').World} world
 */
export async function revocation({ transcript, api, server, agents, badges, revocations, decisions }) {
  transcript.scene(
    'A running agent is stopped',
    'The tokens of this server live for five minutes, which is long for an agent that does odd things. The API ends them ' +
      'by itself: it asks nobody, and the very next call fails.',
  );
  const { assistant, researcher } = agents;
  const iss = server.issuer;
  /** @param {import('../agent.mjs').Agent} agent @param {string} token */
  const call = (agent, token) => agent.call('GET', `${api}/reports`, token);
  const lastDecision = () => {
    const { refusal, reasons = [] } = decisions.at(-1) ?? {};
    return [refusal?.code, ...reasons];
  };

  transcript.say('By its token: the errand of the researcher ends here.');
  const before = await call(researcher, badges.researcher.token);
  transcript.expect('the researcher is at work', before.status, 200);
  const { jti: tokenId = '' } = decodeJwt(badges.researcher.token);
  await revocations.revoke({ iss, tokenId, reason: 'the errand is done' });
  const refused = await call(researcher, badges.researcher.token);
  transcript.http(refused.exchange);
  transcript.expect('its next call is refused', refused.status, 401);
  transcript.expect('the operator reads why, the caller does not', lastDecision(), [
    'ERR_TOKEN_REVOKED',
    'tokenId',
    'the errand is done',
  ]);
  const other = await call(assistant, badges.alice.token);
  transcript.expect('the token of the assistant is another one', other.status, 200);

  transcript.say('By its task: every token that was issued for it, whoever holds one.');
  const task = { ...decodeJwt(badges.alice.token), task_id: 'report-42' };
  const tokens = await Promise.all(['one', 'two'].map((jti) => server.sign({ ...task, jti })));
  const [one = '', two = ''] = tokens;
  const working = [await call(assistant, one), await call(researcher, two)];
  transcript.expect(
    'two agents work on report-42',
    working.map(({ status }) => status),
    [200, 200],
  );
  await revocations.revoke({ iss, task: 'report-42', reason: 'the task has ended' });
  const stopped = [await call(assistant, one), await call(researcher, two)];
  transcript.expect(
    'the task ends, and both are out',
    stopped.map(({ status }) => status),
    [401, 401],
  );
  transcript.expect('because of the task', lastDecision(), ['ERR_TOKEN_REVOKED', 'task', 'the task has ended']);
  const after = await call(assistant, badges.alice.token);
  transcript.expect('what alice granted for other work is as good as before', after.status, 200);

  transcript.say('By its user: alice has lost her laptop. Every token that was issued for her until now is void.');
  const { id } = await revocations.revoke({ iss, sub: 'alice', reason: 'laptop stolen', author: 'security' });
  const out = await call(assistant, badges.alice.token);
  transcript.expect('her assistant is out', out.status, 401);
  transcript.expect('because of alice', lastDecision(), ['ERR_TOKEN_REVOKED', 'sub', 'laptop stolen']);
  const auditor = await call(agents.auditor, badges.auditor.token);
  transcript.expect('the auditor never acted for her, and goes on', auditor.status, 200);
  transcript.expect(
    'only security can lift it',
    await revocations.lift(id).catch(({ code }) => code),
    'ERR_REVOCATION_AUTHOR',
  );
  await revocations.lift(id, 'security');
  const back = await call(assistant, badges.alice.token);
  transcript.expect('it was under the sofa: security lifts it, and the assistant is back', back.status, 200);
}
