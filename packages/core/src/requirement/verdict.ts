import type { Verdict } from './requirement.ts';

/** A verdict spelt out. Anything but `true` and `{ allow: true }` is a no, whatever its type. */
export function readVerdict(verdict: Verdict | null | undefined): Required<Exclude<Verdict, boolean>> {
  if (verdict === null || typeof verdict !== 'object') return { allow: verdict === true, reasons: [], policies: [] };
  const { allow, reasons = [], policies = [] } = verdict;
  return { allow: allow === true, reasons, policies };
}
