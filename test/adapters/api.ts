import type { Decision, VerifierOptions } from '@gatehouse/core';

/**
 * The API that every adapter builds in its framework's own idiom, so that the contract suite can compare bytes:
 *
 * | route | guard | answer |
 * | --- | --- | --- |
 * | GET /open | none | `{"agent":false}` by `findAgent` |
 * | GET, POST /data | `read:data`; forms are parsed before | `{"sub":…,"actor":…}`, field `x-handled: yes` |
 * | GET /both | `['read:data', 'write:data']` | same |
 * | GET /stacked/admin | `read:data` on the router, `admin` on the route | same |
 * | GET /v1/data | `read:data` in a mounted application | same |
 * | GET /optional | optional, `read:data` | same, or `{"agent":false}` |
 * | GET /impostor | earlier middleware sets `agent`, then as /optional | by the agent of the request alone |
 * | GET /owned/:id | `allow`: the id is the subject | same |
 * | GET /checked | `check()` in the handler, `read:data` | `{"outcome":…}` |
 * | GET /throws | `read:data`, then the handler throws | 500 |
 * | GET /broken-rule | `allow` throws | 500 |
 * | GET /unguarded | none, and reads `agent.sub` all the same | 500 |
 */
export interface RunningApi {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  close(): Promise<void>;
}

interface ApiOptions extends Pick<VerifierOptions, 'resource' | 'issuers' | 'metadata' | 'now'> {
  readonly onDecision: (decision: Decision) => void;
}

/** An adapter joins the suite by one of these. */
export interface AdapterUnderTest {
  readonly name: string;
  start(options: ApiOptions): Promise<RunningApi>;
}
