import { createHmac } from 'node:crypto';
import { attackerKey, type SigningKey } from './signing-keys.ts';
import { type Draft, encode, type JsonObject, signSegments, writeToken } from './token.ts';

/** Turns a sound draft into the text of a token, or of a proof, with one thing wrong. */
export type DefectWriter<D extends Draft = Draft> = (draft: D) => Promise<string>;

/** Members to write over those of a draft; `undefined` takes one away. */
type Changes<D extends Draft> = JsonObject | ((draft: D) => JsonObject);

/** Other claims, correctly signed. */
export function withClaims<D extends Draft>(changes: Changes<D>): DefectWriter<D> {
  return async (draft) => writeToken({ ...draft, claims: { ...draft.claims, ...changesFor(draft, changes) } });
}

/** Another header, correctly signed. */
export function withHeader<D extends Draft>(changes: Changes<D>): DefectWriter<D> {
  return async (draft) => writeToken({ ...draft, header: { ...draft.header, ...changesFor(draft, changes) } });
}

/** Another spelling of the header's JSON, correctly signed. */
export function withHeaderText(respell: (json: string) => string): DefectWriter {
  return ({ key, header, claims }) =>
    signSegments(key, encode(respell(JSON.stringify(header))), encode(JSON.stringify(claims)));
}

/** Other payload bytes, correctly signed. */
export function withPayload(respell: (json: string) => string | Uint8Array): DefectWriter {
  return ({ key, header, claims }) =>
    signSegments(key, encode(JSON.stringify(header)), encode(respell(JSON.stringify(claims))));
}

/** The key of an attacker, and a header to go with it. */
export function signedByAttacker(header: (attacker: SigningKey) => JsonObject = () => ({})): DefectWriter {
  return async (draft) => {
    const attacker = await attackerKey(draft.key.algorithm);
    return writeToken({ ...draft, key: attacker, header: { ...draft.header, ...header(attacker) } });
  };
}

/** Other segments, after the signing. */
export function afterSigning(
  change: (segments: readonly [header: string, payload: string, signature: string], draft: Draft) => string,
): DefectWriter {
  return async (draft) => change(segmentsOf(await writeToken(draft)), draft);
}

/** `alg: none`, or another spelling of it, and an empty signature (RFC 7515 appendix A.5). */
export function unsigned(alg = 'none'): DefectWriter {
  return withSignature(alg, () => '');
}

/** HS256 with the public key's PEM for a secret: whoever trusts `alg` verifies it with what everybody knows. */
export const hmacWithPublicKey: DefectWriter = withSignature('HS256', (text, { key }) =>
  createHmac('sha256', key.publicKey.export({ type: 'spki', format: 'pem' }))
    .update(text)
    .digest(),
);

/** Another `alg`, and a signature to go with it. */
export function withSignature(alg: string, sign: (text: string, draft: Draft) => string | Uint8Array): DefectWriter {
  return async (draft) => {
    const header = encode(JSON.stringify({ ...draft.header, alg }));
    const text = `${header}.${encode(JSON.stringify(draft.claims))}`;
    return `${text}.${encode(sign(text, draft))}`;
  };
}

/**
 * Another text for the same bytes, in the signature. Where that is a multiple of three bytes long there is only one
 * text, so the payload is written with one more space and respelled before it is signed.
 */
export function withBase64(respell: (segment: string) => string): DefectWriter {
  return async (draft) => {
    const [header, payload, signature] = segmentsOf(await writeToken(draft));
    if (signature.length % 4 !== 0) return `${header}.${payload}.${respell(signature)}`;
    const json = Buffer.from(JSON.stringify(draft.claims));
    const roomy = json.length % 3 === 0 ? `${json} ` : json;
    return signSegments(draft.key, header, respell(encode(roomy)));
  };
}

/** base64url with the padding that JWS forbids (RFC 7515 §2). */
export function pad(segment: string): string {
  return segment.padEnd(Math.ceil(segment.length / 4) * 4, '=');
}

/** base64url whose last character has a one among the bits that belong to no byte. */
export function loosen(segment: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return segment.slice(0, -1) + alphabet.charAt(alphabet.indexOf(segment.slice(-1)) + 1);
}

/** The same base64url length, and the last bit of the last byte flipped. */
export function flipBit(segment: string): string {
  const bytes = Buffer.from(segment, 'base64url');
  const last = bytes.length - 1;
  bytes.writeUInt8(bytes.readUInt8(last) ^ 1, last);
  return encode(bytes);
}

function changesFor<D extends Draft>(draft: D, changes: Changes<D>): JsonObject {
  return typeof changes === 'function' ? changes(draft) : changes;
}

function segmentsOf(token: string): readonly [string, string, string] {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return [header, payload, signature];
}
