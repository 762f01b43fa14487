/**
 * Whatever holds of JWTs holds of tokens that their issuer speaks for: the tests of both are the same ones, run here with an
 * issuer whose tokens are opaque.
 */
import { useTokenFormat } from '../token-format.ts';

useTokenFormat('opaque');
await import('../adapters/answers.test.ts');
await import('../adapters/contract.test.ts');
await import('../dpop/binding.test.ts');
await import('../dpop/defects.test.ts');
await import('../dpop/replay.test.ts');
