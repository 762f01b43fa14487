import { writeToken } from '../token.ts';
import { type ClaimDefect, claimDefects } from './claim-defects.ts';
import type { ProofDefectTable } from './defect.ts';
import { type FormDefect, formDefects } from './form-defects.ts';
import { type HeaderDefect, headerDefects } from './header-defects.ts';
import { type KeyDefect, keyDefects } from './key-defects.ts';
import type { ProofDraft } from './proof.ts';
import type { ProofKey } from './proof-key.ts';

/** The one thing that is wrong with a DPoP proof. The README describes each. */
export type ProofDefect = FormDefect | HeaderDefect | KeyDefect | ClaimDefect;

const defects: ProofDefectTable<ProofDefect> = { ...formDefects, ...headerDefects, ...keyDefects, ...claimDefects };

/** Every defect of a proof, for a loop over the whole attack list. */
export const proofDefects: readonly ProofDefect[] = Object.keys(defects) as ProofDefect[];

/** What is wrong with such a proof, in a sentence. */
export function describeProofDefect(defect: ProofDefect): string {
  return defects[defect].means;
}

/** The key for a proof with this defect; the agent's own, unless the key is what is wrong. */
export async function keyForDefect(own: ProofKey, defect: ProofDefect | undefined): Promise<ProofKey> {
  return defect === undefined ? own : (defects[defect].key?.(own) ?? own);
}

/** Writes a proof that is sound but for one thing. Its draft has the key of {@link keyForDefect}. */
export function writeDefectiveProof(draft: ProofDraft, defect: ProofDefect): Promise<string> {
  const { write = writeToken } = defects[defect];
  return write(draft);
}
