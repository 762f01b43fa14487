import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Agent } from './agent.ts';
import { createAgentMaker } from './create.ts';
import { AgentRecords } from './verified-agent.ts';

const makeAgent = createAgentMaker(
  {
    iss: 'https://as.example',
    sub: 'alice',
    subjectType: 'user',
    clientId: 'assistant',
    tokenId: 'token-1',
    issuedAtSeconds: 1_800_000_000,
    notBeforeSeconds: undefined,
    expiresAtSeconds: 1_800_000_300,
    confirmation: undefined,
    session: undefined,
    task: {},
    scopes: [],
    all: {},
  },
  4,
);

/** An agent, and the records that know it. */
function keep(): { readonly agent: Agent; readonly records: AgentRecords<object>; readonly record: object } {
  const [agent, records, record] = [makeAgent(), new AgentRecords<object>(), { secret: 'canary' }];
  records.set(agent, record);
  return { agent, records, record };
}

describe('what a verifier keeps with an agent', () => {
  it('is found, and follows what is kept last', () => {
    const { agent, records, record } = keep();
    expect(records.get(agent)).toBe(record);
    const later = {};
    records.set(agent, later);
    expect(records.get(agent)).toBe(later);
  });

  it('is of one agent, and of one verifier', () => {
    const { agent, records } = keep();
    expect(records.get(makeAgent())).toBeUndefined();
    expect(new AgentRecords<object>().get(agent)).toBeUndefined();
  });

  it.each<[string, (agent: Agent) => unknown]>([
    ['a copy', (agent) => ({ ...agent })],
    ['a copy with its prototype', (agent) => Object.assign(Object.create(Object.getPrototypeOf(agent)), agent)],
    ['what inherits from it', (agent) => Object.create(agent)],
    ['a proxy', (agent) => new Proxy(agent, {})],
    ['what its constructor makes', (agent) => Reflect.construct(agent.constructor, [agent, {}])],
    ['what JSON makes of it', (agent) => JSON.parse(JSON.stringify(agent))],
    ['nothing', () => undefined],
    ['null', () => null],
    ['a text', () => 'agent'],
  ])('is not found for %s', (_, imitate) => {
    const { agent, records, record } = keep();
    expect(records.get(imitate(agent))).toBeUndefined();
    expect(records.get(agent)).toBe(record);
  });

  it('cannot be given to what is no agent', () => {
    const { agent, records } = keep();
    expect(() => records.set({ ...agent }, {})).toThrow(TypeError);
  });

  it('is not seen', () => {
    const { agent } = keep();
    expect(inspect(agent, { showHidden: true, depth: 9, customInspect: false })).not.toContain('canary');
    expect(Reflect.ownKeys(agent)).toEqual(Reflect.ownKeys(makeAgent()));
    expect(agent).toStrictEqual(makeAgent());
  });
});
