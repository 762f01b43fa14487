import { randomBytes } from 'node:crypto';
import { Agent } from './agent.mjs';
import { createApi } from './api.mjs';
import { startAuthorizationServer } from './authorization-server.mjs';
import { Browser } from './browser.mjs';
import { WIDTH } from './layout.mjs';
import { openPort } from './loopback.mjs';
import { attacks } from './scenes/attacks.mjs';
import { boundAgent } from './scenes/bound-agent.mjs';
import { decisionTrail } from './scenes/decisions.mjs';
import { delegation } from './scenes/delegation.mjs';
import { discovery } from './scenes/discovery.mjs';
import { missingScope } from './scenes/missing-scope.mjs';
import { nonceRoundTrip } from './scenes/nonce-round-trip.mjs';
import { replayedProof } from './scenes/replayed-proof.mjs';
import { revocation } from './scenes/revocation.mjs';
import { revokedToken } from './scenes/revoked-token.mjs';
import { stolenToken } from './scenes/stolen-token.mjs';
import { Transcript } from './transcript.mjs';

/** The story, in order. A scene gets the world, plays with it, and says what it expects. */
const scenes = [
  discovery,
  delegation,
  missingScope,
  attacks,
  boundAgent,
  stolenToken,
  replayedProof,
  nonceRoundTrip,
  revokedToken,
  revocation,
  decisionTrail,
];

/** @typedef {Awaited<ReturnType<typeof openWorld>>} World */

/** @param {Transcript} transcript @param {(() => Promise<void>)[]} closing what to close in the end */
async function openWorld(transcript, closing) {
  const port = await openPort();
  closing.push(port.close);
  const api = port.origin;
  const strictPort = await openPort();
  closing.push(strictPort.close);
  const strictApi = strictPort.origin;
  const askingPort = await openPort();
  closing.push(askingPort.close);
  const askingApi = askingPort.origin;
  // An API that only exists as a name: tokens for it are real, and none of ours.
  const otherApi = 'https://payroll.example.com';
  // Nothing listens there: the browser stops at it, as it would hand it to the assistant's application.
  const redirectUri = 'https://assistant.example.com/callback';

  const server = await startAuthorizationServer({
    people: ['alice'],
    resources: [
      { resource: api, scopes: ['reports:read', 'reports:write'] },
      { resource: strictApi, scopes: ['reports:read', 'reports:write'] },
      { resource: askingApi, scopes: ['reports:read', 'reports:write'], tokens: 'opaque' },
      { resource: otherApi, scopes: ['payroll:read'] },
    ],
    clients: [
      {
        id: 'auditor',
        grants: ['client_credentials'],
        may: { [api]: ['reports:read'], [askingApi]: ['reports:read'], [otherApi]: ['payroll:read'] },
      },
      {
        id: 'assistant',
        grants: ['authorization_code'],
        redirectUris: [redirectUri],
        may: { [api]: ['reports:read', 'reports:write'] },
      },
      { id: 'researcher', grants: ['token_exchange'], may: { [api]: ['reports:read', 'reports:write'] } },
      {
        id: 'treasurer',
        grants: ['client_credentials'],
        may: { [api]: ['reports:read'], [strictApi]: ['reports:read'] },
      },
      { id: 'reports-api', grants: [], may: {} },
    ],
  });

  closing.push(server.close);

  /** @type {import('@gatehouse/express').Decision[]} */
  const decisions = [];
  /** @param {import('@gatehouse/express').Decision} decision */
  const onDecision = (decision) => decisions.push(decision);
  // Its tokens say in a claim of its own which task they are for.
  const issuer = { issuer: server.issuer, claims: { task: ['task_id'] } };
  const { app, revocations } = createApi({ resource: api, issuer, onDecision });
  port.serve(app);
  const demands = {
    requirement: { senderConstraint: /** @type {const} */ ('dpop') },
    dpop: { nonces: { secrets: [randomBytes(32)] } },
  };
  strictPort.serve(createApi({ resource: strictApi, issuer, demands, onDecision }).app);
  const introspection = {
    clientAuthentication: {
      method: /** @type {const} */ ('client_secret_basic'),
      clientId: 'reports-api',
      clientSecret: server.secrets['reports-api'] ?? '',
    },
    cacheSeconds: 0,
  };
  askingPort.serve(createApi({ resource: askingApi, issuer: { ...issuer, introspection }, onDecision }).app);

  /** @param {string} name */
  const identity = (name) => ({ name, secret: server.secrets[name] ?? '' });
  return {
    transcript,
    api,
    strictApi,
    askingApi,
    otherApi,
    server,
    agents: {
      auditor: new Agent(identity('auditor')),
      assistant: new Agent(identity('assistant')),
      researcher: new Agent(identity('researcher')),
      treasurer: await Agent.withKeys(identity('treasurer')),
    },
    alice: { browser: new Browser({ person: 'alice', password: server.passwords.alice ?? '' }), redirectUri },
    decisions,
    revocations,
    /** What earlier scenes earned for later ones. */
    badges:
      /** @type {Record<'auditor' | 'alice' | 'researcher' | 'treasurer' | 'opaque', import('./agent.mjs').Badge>} */ ({}),
  };
}

/** @param {World} world */
function checkTranscript({ transcript, server, badges }) {
  transcript.say('And this page itself:');
  const { text } = transcript;
  const secrets = [...Object.values(server.secrets), ...Object.values(server.passwords)];
  const wide = text.split('\n').filter((line) => line.length > WIDTH);
  transcript.expect('no secret was printed', secrets.filter((secret) => text.includes(secret)).length, 0);
  const tokens = Object.values(badges).map(({ token }) => token);
  transcript.expect('no token was printed whole', tokens.filter((token) => text.includes(token)).length, 0);
  transcript.expect('nor more than the beginning of any JWT', /eyJ[\w-]{8}/.test(text), false);
  transcript.expect(`no line is wider than ${WIDTH} columns`, wide, []);
}

const transcript = new Transcript();
/** @type {(() => Promise<void>)[]} */
const closing = [];
transcript.open(
  'Gatehouse, from the first call to the last refusal',
  'An authorization server, an API behind Gatehouse and four agents, all of them real and on this machine. What you ' +
    'read was sent and received just now; every ✓ was checked while it was printed.',
);
try {
  const world = await openWorld(transcript, closing);
  for (const scene of scenes) await scene(world);
  checkTranscript(world);
} catch (error) {
  transcript.broken(error);
} finally {
  await Promise.all(closing.map((close) => close()));
}
process.exitCode = transcript.conclude() ? 0 : 1;
