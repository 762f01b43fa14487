/**
 * Why a target may be missed, and what is left to gain; by its path. The page says it of those that are missed.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const reasons = {
  'DPoP, one core ÷ ES256 verification':
    'Beside the verification, a check takes 15 to 25 µs by itself, and about twice that where a verification comes between: what it reads has left the caches of the processor by then, as far as we can tell. Fewer objects between the field and the signature are next.',
  'DPoP ÷ express-oauth2-jwt-bearer': 'The same.',
  'DPoP ÷ oauth4webapi': 'The same.',
  'DPoP, two cores ÷ one core, by the clock':
    'One thread runs the JavaScript of all requests, and the second core gets signatures alone: the less JavaScript a request needs, the higher it gets.',
  'DPoP over Express, one core ÷ express-oauth2-jwt-bearer':
    'Express takes as long for a request as a verification, for all rows alike; with several requests in a turn, signatures go to other threads, which costs a core that they share.',
  'DPoP over Express, two cores ÷ express-oauth2-jwt-bearer, by the clock':
    'On a machine of two cores, the load takes its share of the second one.',
  'DPoP over Fastify ÷ bare, ES256 verification and 3 µs':
    'As over Express. A policy that keeps signatures on the thread of the loop where there is one core alone is next.',
  'DPoP with Redis ÷ in memory':
    'Each call to Redis costs as much as several proofs; calls with more proofs each, by having fewer under way, are next.',
  'p99 of Redis at 10,000 proofs/s':
    'The row in which nobody is asked says how much of it are pauses of the machine; the rest is a Redis that shares two cores with the benchmark.',
  'bearer, warm, with revocations and decisions ÷ ES256 verification':
    'A decision gets an id, a time and a frozen copy of what it says, which takes as long as all else; the row without a sink shows by how much. Of that row, hashing the token takes a quarter.',
  'bearer, cold ÷ jose':
    'Beside what jose does, a new token is searched for repeated members of JSON, and the agent is made that later requests use again.',
  'bearer over Express ÷ bare': 'As over Fastify.',
  'bearer over Fastify ÷ bare':
    'Fastify answers in so little time that every microsecond of a guard shows; what is left is the way from the request of Node to that of the verifier, and two promises.',
  'bearer over Koa ÷ bare': 'As over Fastify.',
};
