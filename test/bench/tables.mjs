import { createBearerCases } from './bearer.mjs';
import { createCertificateCases } from './certificates.mjs';
import { canPin } from './child.mjs';
import { measureCores } from './cores.mjs';
import { createDpopCases } from './dpop.mjs';
import { bearerCases, dpopCases, twoCoresCases } from './http/cases.mjs';
import { measureOverHttp } from './http/measure.mjs';
import { repeatToken, sendProofs } from './http/requests.mjs';
import { measureInProcess } from './in-process.mjs';
import { createIntrospectionCases } from './introspection.mjs';
import { compareStores, measureBytes, measureLatency, measureThroughput } from './redis.mjs';
import { createRevocationCases } from './revocations.mjs';

/** @typedef {import('./fixtures.mjs').Fixture} Fixture */

/**
 * @typedef {object} Effort
 * @property {import('./in-process.mjs').Effort & { readonly revocations: number }} inProcess
 * @property {Omit<import('./http/measure.mjs').Effort, 'cores'>} http
 * @property {{ readonly rounds: number, readonly seconds: number, readonly counts: readonly number[] }} redis seconds of one sample
 */

/**
 * A table that is yet to be measured.
 *
 * @typedef {Omit<import('./page/figures.mjs').Table, 'rows'> & { measure(): Promise<readonly import('./measure.mjs').Row[]> }} Plan
 */

/** @param {Fixture} fixture @param {Effort} effort @returns {readonly Plan[]} in the order in which they are measured */
export function listTables(fixture, effort) {
  return [...listInProcess(fixture, effort), ...listOverHttp(fixture, effort), ...listRedis(fixture, effort)];
}

/** @param {Fixture} fixture @param {Effort} effort @returns {Plan[]} */
function listInProcess(fixture, { inProcess }) {
  /** @typedef {readonly import('./in-process.mjs').Case[]} Cases */
  /** @typedef {{ readonly cases: Cases, close(): void }} Closable */
  /**
   * @param {string} id
   * @param {string} what
   * @param {() => Promise<Cases | Closable>} create
   * @returns {Plan}
   */
  function plan(id, what, create) {
    return {
      id,
      title: `In process, ${what}`,
      kind: 'inProcess',
      async measure() {
        const created = await create();
        if (!('cases' in created)) return measureInProcess(created, inProcess);
        return measureInProcess(created.cases, inProcess).finally(created.close);
      },
    };
  }
  /** @type {Plan} */
  const ofCores = {
    id: 'cores',
    title: 'In process, DPoP, cores',
    kind: 'inProcess',
    measure: () => measureCores(inProcess),
  };
  return [
    plan('bearer', 'bearer', () => createBearerCases(fixture)),
    plan('dpop', 'DPoP', () => createDpopCases(fixture)),
    ...(canPin ? [ofCores] : []),
    plan('certificates', 'certificates', () => createCertificateCases(fixture)),
    plan('opaque', 'opaque tokens', () => createIntrospectionCases(fixture)),
    plan('revocation', 'revocation', () => createRevocationCases(fixture, inProcess.revocations)),
  ];
}

/** @param {Fixture} fixture @param {Effort} effort @returns {Plan[]} */
function listOverHttp(fixture, { http }) {
  const oneCore = { ...http, cores: /** @type {const} */ ('one') };
  const allCores = { ...http, cores: /** @type {const} */ ('all') };
  const titles = { express: 'Express 5', fastify: 'Fastify 5', koa: 'Koa 3' };
  const frameworks = /** @type {(keyof typeof titles)[]} */ (Object.keys(titles));
  /** @type {Plan[]} */
  const plans = frameworks.flatMap((framework) => [
    {
      id: `${framework}-bearer`,
      title: `${titles[framework]}, bearer`,
      kind: 'http',
      measure: () => measureOverHttp(framework, bearerCases[framework], fixture, repeatToken, oneCore),
    },
    {
      id: `${framework}-dpop`,
      title: `${titles[framework]}, DPoP`,
      kind: 'http',
      measure: () => measureOverHttp(framework, dpopCases[framework], fixture, sendProofs, oneCore),
    },
  ]);
  if (!canPin) return plans;
  return [
    ...plans,
    {
      id: 'express-dpop-cores',
      title: `${titles.express}, DPoP, all cores`,
      kind: 'http',
      measure: () => measureOverHttp('express', twoCoresCases, fixture, sendProofs, allCores),
    },
  ];
}

/** @param {Fixture} fixture @param {Effort} effort @returns {Plan[]} */
function listRedis(fixture, { inProcess, redis }) {
  const title = 'In process, DPoP, used proofs, 64 at once';
  return [
    { id: 'stores', title, kind: 'inProcess', measure: () => compareStores(fixture, inProcess) },
    { id: 'latency', title: 'Redis, at a rate', kind: 'latency', measure: () => measureLatency(redis) },
    { id: 'throughput', title: 'Redis, without pause', kind: 'throughput', measure: () => measureThroughput(redis) },
    { id: 'bytes', title: 'Redis, memory', kind: 'bytes', measure: () => measureBytes(redis.counts) },
  ];
}
