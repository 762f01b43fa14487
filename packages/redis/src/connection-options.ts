import type { ClusterOptions, RedisOptions } from 'ioredis';

/** A server that takes longer to let us in is asked again. */
const connectMilliseconds = 1000;

/**
 * What differs in our connection from the one that it is a duplicate of. Nothing is sent that may have been executed, and
 * nothing waits: whether a proof is new is told in time or not at all.
 */
export function redisOptionsOf(timeoutSeconds: number, retryDelay: () => number): RedisOptions {
  return {
    // Sent at once or refused at once, and never again: a proof whose answer was lost may have been recorded.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    reconnectOnError: null,
    // Calls are gathered here already.
    enableAutoPipelining: false,
    // The script finds out by itself, in every call, what a check at the beginning would.
    enableReadyCheck: false,
    lazyConnect: false,
    // A script that records has to go to a master.
    role: 'master',
    readOnly: false,
    monitor: false,
    autoResubscribe: false,
    // The connection to a server that has stopped is dropped, with all that is under way on it. Not before callers have
    // given up: it may have been this process that stood still.
    socketTimeout: 2 * timeoutSeconds * 1000,
    commandTimeout: 2 * timeoutSeconds * 1000,
    connectTimeout: connectMilliseconds,
    sentinelCommandTimeout: connectMilliseconds,
    disconnectTimeout: 1,
    // Without an end: no restart is needed, however long the server was away.
    retryStrategy: retryDelay,
    sentinelRetryStrategy: retryDelay,
  };
}

/** Whether replies are mapped is left as it is: the script answers with text. */
type NodeOptions = Omit<NonNullable<ClusterOptions['redisOptions']>, 'replyMapping'>;

/** The same for a Cluster, whose nodes are connections of their own. */
export function clusterOptionsOf(
  timeoutSeconds: number,
  retryDelay: () => number,
): Omit<ClusterOptions, 'redisOptions'> & { readonly redisOptions: NodeOptions } {
  const { retryStrategy: _ofOneServer, ...redisOptions } = redisOptionsOf(timeoutSeconds, retryDelay);
  return {
    // Nodes are connected to when they are first needed: a call waits for that, as long as it may take in all. While
    // there is no connection to the cluster as a whole, nothing is sent.
    enableOfflineQueue: true,
    enableAutoPipelining: false,
    enableReadyCheck: false,
    lazyConnect: false,
    scaleReads: 'master',
    // What was answered with MOVED, ASK or TRYAGAIN was not executed and may be sent again; what was under way on a
    // connection that closed, or may come to a cluster that is down, may not.
    maxRedirections: 5,
    retryDelayOnMoved: 0,
    retryDelayOnTryAgain: 20,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: connectMilliseconds,
    clusterRetryStrategy: retryDelay,
    // Left alone, a node that closes is forgotten, and found again by the next one that is asked.
    clusterNodeRetryStrategy: () => null,
    redisOptions,
  };
}
