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
    'A call to Redis has ten to fifteen proofs on two cores, so that the call itself weighs little: what is left is what each proof takes on its way, ten arguments that ioredis writes and the promises between. Next: fewer arguments for each.',
  'p99 of Redis at 10,000 proofs/s':
    'The row in which nobody is asked says how much of it are pauses of the machine; the rest is a Redis that shares two cores with the benchmark.',
  'bearer, warm, with revocations and decisions ÷ ES256 verification':
    'The row without a sink shows what a decision takes: an id, a time, and a frozen copy of what it says. Of that row, hashing the token takes a third; the rest are small steps, none of which is a tenth of it.',
  'bearer, cold ÷ jose':
    'Beside what jose does, a new token is searched for repeated members of JSON, and the agent is made that later requests use again.',
  'bearer over Express ÷ bare':
    'Express changes the prototype of each request. From then on, V8 makes a shape of its own for whatever is added to the request, and Node and Express search once more for all that they read of it. A guard adds one member, `agent`, and reads five.',
  'bearer over Fastify ÷ bare':
    'Fastify answers in so little time that every microsecond of a guard shows: hashing the token alone costs a twelfth. A token that is remembered is checked without a promise; what is left is the way from the request of Node to that of the verifier.',
  'bearer over Koa ÷ bare': 'As over Fastify.',
};
