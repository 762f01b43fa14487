// @ts-check
import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** The keywords of RFC 2119; `DERIVED`: no keyword, but it follows from the text, or hardens what the text leaves open. */
const levels = /** @type {const} */ (['MUST', 'MUST NOT', 'SHOULD', 'SHOULD NOT', 'MAY', 'DERIVED']);

/**
 * Who has to do it: the resource server, the client on the agent's side, the receiver of security events, whoever deploys
 * it, the authorization server.
 */
const parties = /** @type {const} */ (['RS', 'C', 'RX', 'CFG', 'AS']);

/** What became of a row. Which tests prove it is not written here: their titles say so. */
export const states = /** @type {const} */ (['proven', 'not-yet', 'not-ours']);

const sentence = z.string().regex(/^[A-Z`].*[.)]$/, 'must be a sentence');

const rowSchema = z.strictObject({
  id: z.string().regex(/^[A-Z]{2,4}-\d{2}$/),
  level: z.enum(levels),
  parties: z.array(z.enum(parties)).nonempty(),
  /** `RFC 6750 §3.1`; a row without clauses is a rule of our own. */
  clauses: z.array(z.string()),
  requirement: sentence,
  // Checked with a sentence of its own.
  state: z.enum(states).exactOptional(),
  /** Why it is not proven: what it comes with, or what we do instead. */
  reason: sentence.exactOptional(),
});

const sectionSchema = z.strictObject({ title: z.string().min(1), rows: z.array(rowSchema).nonempty() });

const specificationSchema = z.strictObject({
  id: z.string().min(1),
  title: z.string().min(1),
  url: z.url({ protocol: /^https$/ }),
  /** How the clauses that rows cite were compared with the text: read in it, quoted by others, or from memory. */
  checked: z.enum(['read', 'quoted', 'memory']),
  /** Which text that was. */
  against: z.string().min(1).exactOptional(),
});

/** @typedef {z.infer<typeof rowSchema>} Row */
/** @typedef {z.infer<typeof specificationSchema>} Specification */
/** @typedef {z.infer<typeof sectionSchema> & { readonly file: string }} Section `file` is relative to the repository */

/**
 * @typedef {object} Manifest
 * @property {readonly Specification[]} specifications in the order of the page
 * @property {readonly Section[]} sections
 */

const directory = 'test/conformance';

/**
 * The rows as the data files have them, sections in the order of their file names.
 *
 * @returns {Manifest}
 * @throws {Error} that names the file with data of the wrong shape
 */
export function loadManifest() {
  const files = readdirSync(new URL('rows/', import.meta.url)).sort();
  return {
    specifications: parseData('specifications.json', z.array(specificationSchema)),
    sections: files.map((name) => ({
      file: `${directory}/rows/${name}`,
      ...parseData(`rows/${name}`, sectionSchema),
    })),
  };
}

/**
 * @template {z.ZodType} Schema
 * @param {string} path
 * @param {Schema} schema
 * @returns {z.infer<Schema>}
 */
function parseData(path, schema) {
  const parsed = schema.safeParse(JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')));
  if (!parsed.success) throw new Error(`${directory}/${path}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/**
 * The specification that a clause is of.
 *
 * @param {string} clause
 * @param {readonly Specification[]} specifications
 */
export function findSpecification(clause, specifications) {
  return specifications.find(({ id }) => clause === id || clause.startsWith(`${id} §`));
}
