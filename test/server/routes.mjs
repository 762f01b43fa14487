/** @import { Agent, RequirementInput } from '@gatehouse/core' */
/** @import { IncomingMessage, ServerResponse } from 'node:http' */

/**
 * @typedef {object} Guard
 * @property {'require' | 'optional'} mode
 * @property {RequirementInput} requirement
 *
 * @typedef {object} Route either `answer` or `serve`
 * @property {'GET' | 'POST' | 'ANY'} method HEAD works wherever GET does
 * @property {string} path
 * @property {readonly Guard[]} guards
 * @property {(agent: Agent) => unknown} [answer] gives the JSON of a 200; without an agent where no guard found one
 * @property {(request: IncomingMessage, response: ServerResponse, agent: Agent) => Promise<void>} [serve] answers itself
 * @property {(request: IncomingMessage, response: ServerResponse) => boolean} [refuse] before the guards: true when it
 *   has answered
 *
 * @typedef {object} RouteGroup routes under a prefix, behind the guards of the group
 * @property {string} prefix
 * @property {'router' | 'application'} as
 * @property {readonly Guard[]} guards
 * @property {readonly Route[]} routes
 */

/** `scopes_supported` of the metadata document. */
export const scopes = ['read:data', 'write:data', 'admin', 'mcp:tools'];

/** @type {(requirement: RequirementInput) => Guard} */
const required = (requirement) => ({ mode: 'require', requirement });

const answerOk = () => ({ ok: true });
/** @param {Agent} agent */
const answerSubject = ({ sub }) => ({ ok: true, sub });

/**
 * The routes of the contract, for every adapter alike.
 *
 * @param {object} options
 * @param {string} options.issuer
 * @param {readonly string[]} options.allowedActors
 * @param {Pick<Route, 'serve' | 'refuse'>} options.mcp
 * @returns {readonly RouteGroup[]}
 */
export function declareRoutes({ issuer, allowedActors, mcp }) {
  /**
   * The current actor alone counts, by issuer and subject (RFC 8693 §4.1); a client of the same name is somebody else.
   *
   * @param {Agent} agent
   */
  const isAllowed = ({ actor }) => actor.source === 'act' && actor.iss === issuer && allowedActors.includes(actor.sub);

  return [
    {
      prefix: '/',
      as: 'router',
      guards: [],
      routes: [
        { method: 'GET', path: '/healthz', guards: [], answer: answerOk },
        { method: 'GET', path: '/public', guards: [], answer: answerOk },
        { method: 'GET', path: '/read', guards: [required('read:data')], answer: answerSubject },
        { method: 'GET', path: '/item/:id', guards: [required('read:data')], answer: answerSubject },
        { method: 'POST', path: '/write', guards: [required('write:data')], answer: answerSubject },
        { method: 'GET', path: '/whoami', guards: [required({})], answer: describeCaller },
        { method: 'GET', path: '/optional', guards: [{ mode: 'optional', requirement: {} }], answer: describeVisitor },
        { method: 'GET', path: '/dpop-only', guards: [required({ senderConstraint: 'dpop' })], answer: answerSubject },
        { method: 'GET', path: '/mtls-only', guards: [required({ senderConstraint: 'mtls' })], answer: answerSubject },
        { method: 'GET', path: '/agent', guards: [required({ allow: isAllowed })], answer: answerSubject },
        { method: 'ANY', path: '/mcp', guards: [required('mcp:tools')], ...mcp },
      ],
    },
    {
      prefix: '/v1',
      as: 'application',
      guards: [],
      routes: [{ method: 'GET', path: '/read', guards: [required('read:data')], answer: answerSubject }],
    },
    {
      prefix: '/admin',
      as: 'router',
      guards: [required('read:data')],
      routes: [{ method: 'GET', path: '/', guards: [required('admin')], answer: answerSubject }],
    },
  ];
}

/** @param {Agent} agent */
function describeCaller({ sub, clientId, act, scopes: held }) {
  return { sub, client_id: clientId, act, scope: [...held].join(' ') };
}

/** @param {Agent | undefined} agent */
function describeVisitor(agent) {
  return agent === undefined ? { anonymous: true } : { sub: agent.sub };
}
