// @ts-check
import { ofCertificates, ofClientCert, ofConnections, ofProxies } from './of-certificates.mjs';
import { ofBreakers, ofFreshness, ofAnswers as ofIssuerAnswers, ofLimits, ofQuestions } from './of-introspection.mjs';
import { ofActiveAnswers, ofEndpointAnswers, ofSignedAnswers } from './of-issuer-answers.mjs';
import { ofKeys, ofProofSegments, ofProofs, ofQueues } from './of-proofs.mjs';
import { ofConnectionOptions, ofRedisConnections } from './of-redis-connections.mjs';
import { ofFitness, ofReplayScripts, ofReplayStores, ofShards } from './of-redis-replays.mjs';
import {
  ofRevocationFeeds,
  ofRevocationMemories,
  ofRevocationReplicas,
  ofRevocationScripts,
  ofSeals,
  ofSharedLists,
} from './of-redis-revocations.mjs';
import {
  ofReadRevocations,
  ofRevocationLists,
  ofRevocations,
  ofRevocationTables,
  ofRevokedAgents,
  ofRevokedTokens,
} from './of-revocations.mjs';
import { ofPublishedKeys, ofSignatures, ofThreads } from './of-signatures.mjs';
import { ofFieldLines, ofMessages, ofNonces, ofTargetForms, ofTargets } from './of-targets.mjs';
import {
  ofAgents,
  ofAnswers,
  ofAuthentication,
  ofAuthorization,
  ofConfirmations,
  ofConstraints,
  ofOffers,
  ofSteps,
} from './of-tokens.mjs';

/**
 * A check, and the change of the source that switches it off.
 *
 * @typedef {object} Mutation
 * @property {string} check what is no longer so
 * @property {readonly string[]} rows of the conformance manifest, which demand the check
 * @property {string} find the text of the source; it stands there once
 * @property {string} replace
 */

const core = 'packages/core/src';
const redis = 'packages/redis/src';

/** By the file that they change, relative to the repository. @type {Readonly<Record<string, readonly Mutation[]>>} */
const byFile = {
  [`${core}/proof/dpop.ts`]: ofProofs,
  [`${core}/proof/proof-jws.ts`]: ofProofSegments,
  [`${core}/proof/public-jwk.ts`]: ofKeys,
  [`${core}/proof/verification-queue.ts`]: ofQueues,
  [`${core}/issuer/signature.ts`]: ofSignatures,
  [`${core}/issuer/json-web-keys.ts`]: ofPublishedKeys,
  [`${core}/issuer/thread-choice.ts`]: ofThreads,
  [`${core}/proof/target-uri.ts`]: ofTargets,
  [`${core}/http/request.ts`]: ofTargetForms,
  [`${core}/node.ts`]: ofMessages,
  [`${core}/proof/nonce.ts`]: ofNonces,
  [`${core}/proof/mtls.ts`]: ofCertificates,
  [`${core}/proof/client-cert-field.ts`]: ofClientCert,
  [`${core}/proof/trusted-proxies.ts`]: ofProxies,
  [`${core}/node/header-lists.ts`]: ofFieldLines,
  [`${core}/node/connection.ts`]: ofConnections,
  [`${core}/token/confirmation.ts`]: ofConfirmations,
  [`${core}/authentication.ts`]: [...ofAuthentication, ...ofRevokedTokens],
  [`${core}/agent/verified-agent.ts`]: ofAgents,
  [`${core}/ready.ts`]: ofSteps,
  [`${core}/requirement/sender-constraint.ts`]: ofConstraints,
  [`${core}/authorization.ts`]: ofAuthorization,
  [`${core}/requirement/offers.ts`]: ofOffers,
  [`${core}/admission.ts`]: ofRevokedAgents,
  [`${core}/status/revocation-table.ts`]: ofRevocationTables,
  [`${core}/status/revocation-list.ts`]: ofRevocationLists,
  [`${core}/status/revocations.ts`]: ofRevocations,
  [`${core}/revocation-endpoint.ts`]: ofReadRevocations,
  [`${core}/evaluation.ts`]: ofAnswers,
  [`${core}/token/introspected.ts`]: ofActiveAnswers,
  [`${core}/issuer/introspection/signed-answer.ts`]: ofSignedAnswers,
  [`${core}/issuer/introspection/client.ts`]: ofEndpointAnswers,
  [`${core}/introspection/freshness.ts`]: ofFreshness,
  [`${core}/introspection/answer-cache.ts`]: ofIssuerAnswers,
  [`${core}/introspection/call-limiter.ts`]: ofLimits,
  [`${core}/introspection/breaker.ts`]: ofBreakers,
  [`${core}/introspection/introspector.ts`]: ofQuestions,
  [`${redis}/replay-script.ts`]: ofReplayScripts,
  [`${redis}/replay-store.ts`]: ofReplayStores,
  [`${redis}/fitness.ts`]: ofFitness,
  [`${redis}/shards.ts`]: ofShards,
  [`${redis}/connection.ts`]: ofRedisConnections,
  [`${redis}/connection-options.ts`]: ofConnectionOptions,
  [`${redis}/revocation-scripts.ts`]: ofRevocationScripts,
  [`${redis}/revocation-memory.ts`]: ofRevocationMemories,
  [`${redis}/revocation-feed.ts`]: ofRevocationFeeds,
  [`${redis}/revocation-replica.ts`]: ofRevocationReplicas,
  [`${redis}/revocation-list.ts`]: ofSharedLists,
  [`${redis}/seal.ts`]: ofSeals,
};

/** @type {readonly (Mutation & { readonly file: string })[]} */
export const mutations = Object.entries(byFile).flatMap(([file, list]) =>
  list.map((mutation) => ({ ...mutation, file })),
);

/**
 * The source without the check.
 *
 * @param {Pick<Mutation, 'find' | 'replace'>} mutation
 * @param {string} source
 * @throws {Error} unless the text that is to be replaced stands there once
 */
export function mutate({ find, replace }, source) {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`Found ${parts.length - 1} times instead of once: ${find}`);
  return parts.join(replace);
}
