// @ts-check
/** @import { Mutation } from './mutations.mjs' */

/** The checks of RFC 9449 §4.3, in their order, and ours beside them. @type {readonly Mutation[]} */
export const ofProofs = [
  {
    check: 'typ is dpop+jwt',
    rows: ['DPOP-04'],
    find: "if (normalizeType(typ) !== 'dpop+jwt') throw new InvalidDpopProofError('ERR_DPOP_TYPE');",
    replace: '',
  },
  {
    check: 'no header demands an extension',
    rows: [],
    find: "if ('crit' in header || 'b64' in header) throw new InvalidDpopProofError('ERR_DPOP_CRITICAL');",
    replace: '',
  },
  {
    check: 'b64 counts as an extension without crit too',
    rows: [],
    find: "if ('crit' in header || 'b64' in header)",
    replace: "if ('crit' in header)",
  },
  {
    check: 'alg is one of those that the options allow',
    rows: ['DPOP-05'],
    find: 'algorithms.find((name) => name === alg);',
    replace:
      "(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'] as const).find((name) => name === alg);",
  },
  {
    check: 'the key is the one that the token is bound to',
    rows: ['DPOP-28'],
    find: "if (publicJwk.thumbprint !== jkt) throw new InvalidTokenError('ERR_TOKEN_BINDING');",
    replace: '',
  },
  {
    check: 'a key is remembered for the very header that it came with',
    rows: [],
    find: 'known?.header === header ?',
    replace: 'known !== undefined ?',
  },
  {
    check: 'htm is the method',
    rows: ['DPOP-09'],
    find: "if (readText(claims, 'htm') !== request.method) throw new InvalidDpopProofError('ERR_DPOP_METHOD');",
    replace: '',
  },
  {
    check: 'htm is compared with its case',
    rows: ['DPOP-09'],
    find: "readText(claims, 'htm') !== request.method",
    replace: "readText(claims, 'htm').toUpperCase() !== request.method",
  },
  {
    check: 'htu is the target URI',
    rows: ['DPOP-10'],
    find: "if (!names(readText(claims, 'htu'), uri)) throw new InvalidDpopProofError('ERR_DPOP_URI');",
    replace: '',
  },
  {
    check: 'htu is normalized before it is compared',
    rows: ['DPOP-13'],
    find: 'htu === uri || targetUris.read(htu) === uri',
    replace: 'htu === uri',
  },
  {
    check: 'ath is the hash of the token',
    rows: ['DPOP-27'],
    find: "if (readText(claims, 'ath') !== token.hash) throw new InvalidDpopProofError('ERR_DPOP_TOKEN');",
    replace: '',
  },
  {
    check: 'a proof is not too old',
    rows: ['DPOP-22'],
    find: 'issuedAtSeconds >= nowSeconds - maxAgeSeconds - toleranceSeconds &&',
    replace: '',
  },
  {
    check: 'a proof is not from the future',
    rows: ['DPOP-22'],
    find: '&&\n      issuedAtSeconds <= nowSeconds + toleranceSeconds',
    replace: '',
  },
  {
    check: 'a nonce is text',
    rows: [],
    find: "if (nonce !== undefined && typeof nonce !== 'string') throw invalidClaim('nonce');",
    replace: "if (typeof nonce !== 'string') nonce = undefined;",
  },
  {
    check: 'a nonce is good where nonces are asked for',
    rows: ['DPOP-14', 'DPOP-15'],
    find: "if (state === 'invalid') throw new UseDpopNonceError('ERR_DPOP_NONCE');",
    replace: '',
  },
  {
    check: 'a proof without any nonce is not good where nonces are asked for',
    rows: ['DPOP-14'],
    find: 'if (nonces === undefined) return undefined;',
    replace: 'if (nonces === undefined || nonce === undefined) return undefined;',
  },
  {
    check: 'the signature verifies',
    rows: ['DPOP-06'],
    find: "if (!isValid) throw new InvalidDpopProofError('ERR_DPOP_SIGNATURE');",
    replace: '',
  },
  {
    check: 'a proof is remembered after its signature was verified, not before',
    rows: ['DPOP-25'],
    find: `      const verification = queue.run(token.jkt, () => proofKey.key.verify(input, signature));
      const use = whenReady(verification, (isValid) => {
        if (!isValid) throw new InvalidDpopProofError('ERR_DPOP_SIGNATURE');
        if (proofKey !== known && header.length <= maxRememberedHeader) provenKeys.set(token.entry, proofKey);
        return remember(replayKey(token.jkt, request.method, uri, id), issuedAtSeconds, token.jkt, nonce);
      });`,
    replace: `      const key = replayKey(token.jkt, request.method, uri, id);
      const use = whenReady(remember(key, issuedAtSeconds, token.jkt, nonce), () =>
        whenReady(queue.run(token.jkt, () => proofKey.key.verify(input, signature)), (isValid) => {
          if (!isValid) throw new InvalidDpopProofError('ERR_DPOP_SIGNATURE');
        }),
      );`,
  },
  {
    check: 'no nonce is judged before the epoch of the store is known',
    rows: [],
    find: "throw new UnavailableError(replay.health?.().code ?? 'ERR_REPLAY_STORE_UNAVAILABLE', 1);",
    replace: 'return undefined;',
  },
  {
    check: 'a store that has lost its memory asks for a nonce of its new epoch',
    rows: [],
    find: 'if (!isForgotten || nonce === undefined || epochOf(replay) === nonce.epoch) return error;',
    replace: 'return error;',
  },
  {
    check: 'a proof is accepted once',
    rows: ['DPOP-23'],
    find: "throw new InvalidDpopProofError('ERR_DPOP_REPLAYED');",
    replace: 'return;',
  },
  {
    check: 'a proof is remembered to the end of its time',
    rows: ['DPOP-26'],
    find: 'issuedAt + maxAgeSeconds + 2 * toleranceSeconds + 1;',
    replace: 'issuedAt + maxAgeSeconds;',
  },
  {
    check: 'a proof is remembered for its key',
    rows: ['DPOP-23', 'DPOP-25'],
    find: `\`\${jkt} \${uri} \${method.length} \${method} \${id}\``,
    replace: `\`\${uri} \${method.length} \${method} \${id}\``,
  },
  {
    check: 'a proof is remembered for its method',
    rows: ['DPOP-23'],
    find: `\`\${jkt} \${uri} \${method.length} \${method} \${id}\``,
    replace: `\`\${jkt} \${uri} \${id}\``,
  },
  {
    check: 'a proof is remembered for its URI',
    rows: ['DPOP-23'],
    find: `\`\${jkt} \${uri} \${method.length} \${method} \${id}\``,
    replace: `\`\${jkt} \${method.length} \${method} \${id}\``,
  },
  {
    check: 'a proof is remembered for its jti',
    rows: ['DPOP-23'],
    find: `\`\${jkt} \${uri} \${method.length} \${method} \${id}\``,
    replace: `\`\${jkt} \${uri} \${method.length} \${method}\``,
  },
  {
    check: 'a proof is remembered for the normalized URI, not for its spelling',
    rows: ['DPOP-13', 'DPOP-23'],
    find: 'replayKey(token.jkt, request.method, uri, id)',
    replace: "replayKey(token.jkt, request.method, readText(claims, 'htu'), id)",
  },
  {
    check: 'a holder that is over its share waits',
    rows: [],
    find: "throw new TooManyRequestsError('ERR_HOLDER_LIMIT', 1);",
    replace: 'return;',
  },
  {
    check: 'a store that answers something else has not answered',
    rows: ['DPOP-25'],
    find: "throw new UnavailableError('ERR_REPLAY_STORE_UNAVAILABLE', 1);",
    replace: 'return;',
  },
  {
    check: 'a store that fails has not answered',
    rows: ['DPOP-25'],
    find: 'throw invite(toRefusal(error), nonce);',
    replace: "return 'fresh';",
  },
];

/** How a proof is taken apart. @type {readonly Mutation[]} */
export const ofProofSegments = [
  {
    check: 'a request has one DPoP field',
    rows: ['DPOP-01'],
    find: "if (others.length > 0) throw new InvalidDpopProofError('ERR_DPOP_REPEATED');",
    replace: '',
  },
  {
    check: 'a proof is not longer than its limit',
    rows: ['DPOP-02'],
    find: "if (field.length > maxProofLength) throw new InvalidDpopProofError('ERR_DPOP_MALFORMED');",
    replace: '',
  },
  {
    check: 'a proof has no segment beyond the third',
    rows: ['DPOP-02'],
    find: 'field.slice(dot + 1, lastDot)',
    replace: "field.slice(dot + 1, field.indexOf('.', dot + 1))",
  },
  {
    check: 'a signature is strict base64url',
    rows: ['DPOP-02'],
    find: 'decodeBase64url(field.slice(lastDot + 1));',
    replace: "Buffer.from(field.slice(lastDot + 1), 'base64url');",
  },
  {
    check: 'a claim that has to be text is text',
    rows: ['DPOP-03'],
    find: "if (typeof value !== 'string') throw invalidClaim(name);\n  return value;",
    replace: 'return String(value);',
  },
  { check: 'jti is not empty', rows: ['DPOP-03'], find: "id === '' || ", replace: '' },
  { check: 'jti has a limit', rows: ['DPOP-24'], find: 'id.length > maxIdLength || ', replace: '' },
  { check: 'jti has no half of a surrogate pair', rows: ['DPOP-03'], find: ' || !id.isWellFormed()', replace: '' },
  {
    check: 'iat is a number',
    rows: ['DPOP-03', 'DPOP-22'],
    find: "if (typeof iat !== 'number') throw invalidClaim('iat');\n  return iat;",
    replace: 'return Number(iat);',
  },
];

/** @type {readonly Mutation[]} */
export const ofKeys = [
  { check: 'a key has no private member', rows: ['DPOP-07'], find: ' || isSecretKey(jwk)', replace: '' },
  { check: 'a key is for verifying', rows: [], find: '!isForVerifying(jwk) || ', replace: '' },
  {
    check: 'a key is for the algorithm that it names',
    rows: [],
    find: ' || !isForAlgorithm(jwk, algorithm)',
    replace: '',
  },
  { check: 'a curve is the one of the algorithm', rows: [], find: 'crv !== kind || ', replace: '' },
  {
    check: 'a coordinate is as long as its curve has it',
    rows: [],
    find: 'text.length === Math.ceil((bytes * 4) / 3) && ',
    replace: '',
  },
  { check: 'an RSA exponent is 65537', rows: [], find: "e === 'AQAB' && ", replace: '' },
  { check: 'an RSA key has at least 2048 bits', rows: [], find: '>= 2048', replace: '>= 1024' },
  { check: 'an RSA key has at most 4096 bits', rows: [], find: ' && text.length <= longestModulus', replace: '' },
];

/** How many signatures are verified at once, and whose turn it is. @type {readonly Mutation[]} */
export const ofQueues = [
  {
    check: 'no more signatures are verified at once than the options allow',
    rows: [],
    find: 'if (inFlight >= bounds.inFlight) return wait(holder).then(() => runInPlace(verify));',
    replace: '',
  },
  {
    check: 'a verification that failed has its place free again',
    rows: [],
    find: `leave();
      throw error;`,
    replace: 'throw error;',
  },
  {
    check: 'whoever is next takes over the place of the one before',
    rows: [],
    find: `if (next === undefined) inFlight -= 1;
    else next.start();`,
    replace: `inFlight -= 1;
    next?.start();`,
  },
  {
    check: 'nobody who has as many waiting as anybody gets the place of another',
    rows: [],
    find: ' || most.line.length <= newcomers + 1',
    replace: '',
  },
  {
    check: 'a closed queue begins nothing',
    rows: [],
    find: "if (isClosed) throw new UnavailableError('ERR_VERIFIER_CLOSED', retryAfterSeconds);",
    replace: '',
  },
];
