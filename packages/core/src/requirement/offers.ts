import type { ChallengeOffer } from '../http/challenge.ts';
import type { AccessTokenScheme } from '../http/credentials.ts';
import type { Requirement } from './requirement.ts';
import { demandsCertificate, takesBearerScheme } from './sender-constraint.ts';

/** The schemes with which a requirement can be met, in the order in which callers are told of them. */
export type ListOffers = (
  requirement: Pick<Requirement<never>, 'senderConstraint'>,
  attempted: AccessTokenScheme | undefined,
) => readonly ChallengeOffer[];

/**
 * What can succeed. Where a certificate is enough, a proof beside it is no way in that anyone should be told of, but a caller
 * that came with one goes on with proofs.
 *
 * @param proof the offer of the `DPoP` scheme; undefined where proofs are not verified
 */
export function createOfferList(proof: ChallengeOffer | undefined): ListOffers {
  return (requirement, attempted) => {
    const bearer = takesBearerScheme(requirement) ? [{ scheme: 'Bearer' as const }] : [];
    const isCertificateEnough = bearer.length > 0 && demandsCertificate(requirement);
    const offersProof = attempted === 'DPoP' || !isCertificateEnough;
    return proof !== undefined && offersProof ? [...bearer, proof] : bearer;
  };
}
