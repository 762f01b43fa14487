/**
 * Why a target may be missed, and what is left to gain; by its path. The page says it of those that are missed.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const reasons = {
  'DPoP, two cores ÷ one core, by the clock':
    'One thread runs the JavaScript of all requests, and the second core gets signatures alone: the less JavaScript a request needs, the higher it gets.',
  'DPoP over Express, two cores ÷ express-oauth2-jwt-bearer, by the clock':
    'On a machine of two cores, the load takes its share of the second one.',
  'bearer, warm, with revocations and decisions ÷ ES256 verification':
    'A decision gets an id, a time and copies of what it says, which takes longer than everything else; the row without a sink shows by how much.',
  'bearer, cold ÷ jose':
    'Beside what jose does, a new token is searched for repeated members of JSON, and the agent is made that later requests use again.',
  'bearer over Fastify ÷ bare':
    'Fastify answers in so little time that every microsecond of a guard shows; what is left is the way from the request of Node to that of the verifier.',
};
