import fc from 'fast-check';
import { vi } from 'vitest';

/** One seed for every property, so that a run is the same everywhere. Other seeds and more runs explore. */
const seed = Number(process.env['GATEHOUSE_FC_SEED'] ?? 20_261_122);
const numRuns = Number(process.env['GATEHOUSE_FC_RUNS'] ?? 300);
// No runs would prove nothing, and pass.
if (!Number.isInteger(seed) || !(numRuns >= 1)) {
  throw new RangeError('Give GATEHOUSE_FC_SEED and GATEHOUSE_FC_RUNS as whole numbers, at least one run.');
}

fc.configureGlobal({ seed, numRuns });
vi.setConfig({ testTimeout: Math.max(20_000, 20 * numRuns) });
