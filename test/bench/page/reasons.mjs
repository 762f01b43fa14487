/**
 * Why a target may be missed, and what is left to gain; by its path. The page says it of those that are missed.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const reasons = {
  'DPoP, one core ÷ ES256 verification':
    'Beside the verification, a check takes 15 to 40 µs: what it reads has left the caches of the processor each time that a verification comes between. The least that a check could be, a few comparisons around the same calls of Node, reached 0.85 to 0.91 in longer loops on this machine, and this one 0.80 to 0.82. Next: to compare the parts of a proof without making strings of them.',
  'DPoP ÷ express-oauth2-jwt-bearer':
    'The same; and of several at once, all but the first go to other threads, which is faster by the clock and takes more processor time.',
  'DPoP ÷ oauth4webapi': 'The same.',
  'DPoP, two cores ÷ one core, by the clock':
    'One thread runs the JavaScript of all requests, and the second core gets signatures alone: the less JavaScript a request needs, the higher it gets.',
  'DPoP over Express, one core ÷ express-oauth2-jwt-bearer':
    'As in process; and a guard finds and sets everything more slowly in Express, as with bearer tokens. Rounds differ by more than what is missing.',
  'DPoP over Express, two cores ÷ express-oauth2-jwt-bearer, by the clock':
    'On a machine of two cores, the load takes its share of the second one.',
  'DPoP over Fastify ÷ bare, ES256 verification and 3 µs': 'As in process.',
  'DPoP with Redis ÷ in memory':
    'At the speed of one process, a call to Redis has one or two proofs: no more come while it is under way. Most of what a call takes is the socket and ioredis.',
  'p99 of Redis at 10,000 proofs/s':
    'The row in which nobody is asked says how much of it are pauses of the machine; the rest is a Redis that shares two cores with the benchmark.',
  'bearer, warm, with revocations and decisions ÷ ES256 verification':
    'A decision gets an id, a time and a frozen copy of what it says, which takes as long as all else; the row without a sink shows by how much. Of that row, hashing the token takes a quarter.',
  'bearer, cold ÷ jose':
    'Beside what jose does, a new token is searched for repeated members of JSON, and the agent is made that later requests use again.',
  'bearer over Express ÷ bare':
    'Express changes the prototype of each request, after which V8 searches for whatever is read or set there, by a guard as by Express. In a profile, the code of the guard takes a twelfth of the time.',
  'bearer over Fastify ÷ bare':
    'Fastify answers in so little time that every microsecond of a guard shows; what is left is the way from the request of Node to that of the verifier, and two promises.',
  'bearer over Koa ÷ bare': 'As over Fastify.',
};
