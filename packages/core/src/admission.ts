import type { Agent } from './agent/agent.ts';
import { AgentRecords } from './agent/verified-agent.ts';
import type { AuthenticatedVisit, Authentication } from './authenticated-visit.ts';
import type { Authenticator } from './authentication.ts';
import { InvalidTokenError, type UnavailableError } from './errors.ts';
import type { Trail } from './evaluation.ts';
import { type Ready, whenReady } from './ready.ts';
import type { Requirement } from './requirement/requirement.ts';
import type { FindDoubt } from './status/revocations.ts';

type Demands = Pick<Requirement<never>, 'senderConstraint' | 'maxStatusAgeSeconds'>;

/** Who is let as far as the rules of a guard: agents that have proven who they are, and whose token has not ended since. */
export interface Admission {
  /**
   * The agent of a request.
   *
   * @throws AuthError
   */
  admit(visit: AuthenticatedVisit, requirement: Demands, trail: Trail): Ready<Agent>;
  /**
   * An agent may be kept by a connection that stays open, while its token is revoked.
   *
   * @throws AuthError
   */
  readmit(authentication: Authentication, requirement: Demands, trail: Trail): Ready<Authentication>;
  /** How an agent was admitted here; undefined for whatever else. */
  find(agent: Agent): Authentication | undefined;
}

export function createAdmission(options: {
  readonly authenticator: Authenticator;
  readonly findDoubt: FindDoubt;
  readonly toleranceSeconds: number;
  readonly now: () => number;
}): Admission {
  const { authenticator, findDoubt, toleranceSeconds, now } = options;
  const authentications = new AgentRecords<Authentication>();

  function admit(visit: AuthenticatedVisit, requirement: Demands, trail: Trail): Ready<Agent> {
    const isFirst = visit.possession === undefined;
    return whenReady(authenticator.authenticate(visit, requirement), (authentication) => {
      const { agent } = authentication.claim;
      authentications.set(agent, authentication);
      trail.agent = agent;
      const listChecks = isFirst ? authenticator.describe : authenticator.describeEarlier;
      trail.listChecks = () => listChecks(authentication, requirement);
      const doubt = refuseEnded(authentication);
      if (doubt === undefined) return agent;
      return whenReady(settle(authentication, requirement, trail, doubt, listChecks), ({ claim }) => claim.agent);
    });
  }

  /** The revocation list is behind: the issuer has the word where its options say so, and in any case what the list knows. */
  function settle(
    authentication: Authentication,
    requirement: Demands,
    trail: Trail,
    doubt: UnavailableError,
    listChecks: Authenticator['describeEarlier'],
  ): Ready<Authentication> {
    return whenReady(authenticator.settle(authentication, requirement.maxStatusAgeSeconds, doubt), (current) => {
      authentications.set(current.claim.agent, current);
      trail.agent = current.claim.agent;
      trail.listChecks = () => [...listChecks(current, requirement), ...authenticator.describeSettled(current)];
      refuseEnded(current);
      return current;
    });
  }

  function readmit(authentication: Authentication, requirement: Demands, trail: Trail): Ready<Authentication> {
    const { maxStatusAgeSeconds } = requirement;
    const listChecks = authenticator.describeEarlier;
    trail.listChecks = () => listChecks(authentication, {});
    // What has ended here is ended, whether or not its issuer can be reached.
    const doubt = refuseEnded(authentication);
    if (doubt === undefined && maxStatusAgeSeconds === undefined) return authentication;
    return whenReady(authenticator.recheck(authentication, maxStatusAgeSeconds, doubt), (current) => {
      authentications.set(current.claim.agent, current);
      trail.agent = current.claim.agent;
      trail.listChecks = () => listChecks(current, requirement);
      const left = refuseEnded(current);
      return left === undefined ? current : settle(current, requirement, trail, left, listChecks);
    });
  }

  /**
   * A token may end while keys are fetched, or while its agent is kept by a connection that stays open. Gives the doubt that is
   * left where the revocation list is behind.
   */
  function refuseEnded({ claim: { agent, token } }: Authentication): UnavailableError | undefined {
    // To the millisecond, as `expiresAt` of the agent says it.
    const end = Math.trunc(token.claims.expiresAtSeconds * 1000) + toleranceSeconds * 1000;
    if (!(now() < end)) throw new InvalidTokenError('ERR_TOKEN_EXPIRED');
    return findDoubt(agent);
  }

  return { admit, readmit, find: (agent) => authentications.get(agent) };
}
