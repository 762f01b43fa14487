import { afterSigning, loosen, pad, withBase64, withClaims, withHeaderText, withPayload } from '../defect-writers.ts';
import { writeToken } from '../token.ts';
import type { ProofDefectTable } from './defect.ts';

/** What is wrong with the text of a proof, before anybody asks what it says. */
export type FormDefect =
  | 'empty'
  | 'not-a-jws'
  | 'quoted'
  | 'two-proofs'
  | 'two-segments'
  | 'json-serialization'
  | 'padded-base64'
  | 'loose-base64'
  | 'duplicate-header'
  | 'duplicate-claim'
  | 'invalid-utf8'
  | 'array-payload'
  | 'oversized';

export const formDefects: ProofDefectTable<FormDefect> = {
  empty: { means: 'The field is there and empty.', write: async () => '' },
  'not-a-jws': { means: 'It is a word without a dot.', write: async () => 'proof' },
  quoted: {
    means: 'A sound proof stands in double quotes.',
    write: async (draft) => `"${await writeToken(draft)}"`,
  },
  'two-proofs': {
    means: 'Two sound proofs, joined by a comma: what many servers make of two `DPoP` fields.',
    write: async (draft) => {
      const other = { ...draft, claims: { ...draft.claims, jti: `${draft.claims.jti}-2` } };
      return `${await writeToken(draft)}, ${await writeToken(other)}`;
    },
  },
  'two-segments': {
    means: 'The signature is cut off, with its dot.',
    write: afterSigning(([header, payload]) => `${header}.${payload}`),
  },
  'json-serialization': {
    means: 'It is flattened JSON (RFC 7515 §7.2.2), not three segments.',
    write: afterSigning(([header, payload, signature]) => JSON.stringify({ payload, protected: header, signature })),
  },
  'padded-base64': { means: 'A segment ends in `=`; it decodes to the same bytes.', write: withBase64(pad) },
  'loose-base64': {
    means: "A segment's last character has spare bits set; a forgiving decoder gets the same bytes.",
    write: withBase64(loosen),
  },
  'duplicate-header': {
    means: '`alg` stands in the header twice, `none` first.',
    write: withHeaderText((json) => json.replace('{', '{"alg":"none",')),
  },
  'duplicate-claim': {
    means: '`htu` stands in the payload twice, another API first.',
    write: withPayload((json) => json.replace('{', '{"htu":"https://other-api.example/",')),
  },
  'invalid-utf8': {
    means: 'A string in the payload has a byte that is not UTF-8.',
    write: withPayload((json) =>
      Buffer.concat([Buffer.from('{"note":"'), Buffer.of(0xff), Buffer.from(`",${json.slice(1)}`)]),
    ),
  },
  'array-payload': {
    means: 'The payload is an array with the claims in it.',
    write: withPayload((json) => `[${json}]`),
  },
  oversized: {
    means: 'A claim that nobody knows makes it longer than 8 KiB.',
    write: withClaims({ note: 'x'.repeat(6144) }),
  },
};
