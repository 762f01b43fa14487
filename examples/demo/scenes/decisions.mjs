/**
 * The trail: one line for each time a guard decided.
 *
 * @param {import('../demo.mjs').World} world
 */
export async function decisionTrail({ transcript, decisions }) {
  transcript.scene(
    'The trail',
    'Every decision of a guard is a fact that the API could keep: when, who, for whom, through whom, what, why not. ' +
      'The first one that was accepted took longer: the guard went to find the server and its keys.',
  );
  transcript.table(['time', 'who', 'for', 'via', 'what', 'outcome', 'µs'], decisions.map(row));

  const delegated = decisions.find(({ agent }) => agent?.priorActors.length === 1);
  transcript.expect('the trail knows the whole chain', chain(delegated?.agent), ['alice', 'assistant', 'researcher']);
  const refused = decisions.filter(({ outcome }) => outcome === 'refused');
  const unexplained = refused.filter(({ refusal }) => refusal === undefined);
  transcript.expect('every refusal has a code', unexplained, []);
  // Whose token is revoked is known all the same.
  const strangers = refused.filter(({ refusal }) => refusal?.status === 401 && refusal.code !== 'ERR_TOKEN_REVOKED');
  const named = strangers.flatMap(({ agent }) => agent ?? []);
  transcript.expect('nobody is named who was not verified', named, []);
  const forged = strangers.find(({ refusal }) => refusal?.code === 'ERR_TOKEN_SIGNATURE');
  transcript.expect('what a forged token claims to be is kept apart', forged?.unverified?.sub, 'auditor');
}

/** @param {import('@gatehouse/express').Decision} decision */
function row({ time, agent, request, refusal, durationMicroseconds }) {
  const through = agent?.priorActors.map(({ sub }) => sub).join(' ');
  return [
    time.slice(11, 19),
    agent?.actor.sub ?? '–',
    agent?.subjectType === 'client' ? 'itself' : (agent?.sub ?? '–'),
    through || '–',
    request.action ?? request.scopes.join(' '),
    refusal?.code ?? 'accepted',
    String(durationMicroseconds).padStart(5),
  ];
}

/** @param {import('@gatehouse/express').AgentDescription | undefined} agent @returns from the subject to the actor */
function chain(agent) {
  if (agent === undefined) return [];
  return [agent.sub, ...agent.priorActors.map(({ sub }) => sub).reverse(), agent.actor.sub];
}
