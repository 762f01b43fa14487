import cluster from 'node:cluster';
import { ConfigurationError } from '../errors.ts';
import { isMemoryReplayStore } from './replay-memory.ts';
import type { ReplayStore } from './replay-store.ts';

const message =
  'must be a replay store that all workers share: this process is a worker of node:cluster, and a proof that one worker ' +
  'has seen would be new to the next';

/**
 * Refuses to remember proofs in the memory of one worker of many. Workers of `node:cluster` are known as such, those that
 * PM2 starts in cluster mode included; that other processes serve the same resource is for whoever starts them to know.
 *
 * @param store what is set; without one, proofs are remembered in memory
 * @throws ConfigurationError in a worker of `node:cluster` without a shared store
 */
export function requireSharedReplayStore(store: ReplayStore | undefined): void {
  if (!cluster.isWorker || !(store === undefined || isMemoryReplayStore(store))) return;
  throw new ConfigurationError('options', [{ path: 'stores.replay', message }]);
}
