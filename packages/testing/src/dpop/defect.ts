import type { DefectWriter } from '../defect-writers.ts';
import type { ProofDraft } from './proof.ts';
import type { ProofKey } from './proof-key.ts';

/** How one kind of wrong proof is made. */
interface ProofDefectDefinition {
  /** What is wrong, in a sentence; the README shows it. */
  readonly means: string;
  /** The key that signs and the `jwk` to show, where these are what is wrong. Default: the agent's own. */
  readonly key?: (own: ProofKey) => ProofKey | Promise<ProofKey>;
  /** Default: as a sound proof is written. */
  readonly write?: DefectWriter<ProofDraft>;
}

/** What is wrong with one part of a proof. */
export type ProofDefectTable<Name extends string> = Readonly<Record<Name, ProofDefectDefinition>>;
