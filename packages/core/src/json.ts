/** Deeper nesting than any token or key needs; keeps every recursive walk of what was parsed shallow. */
const maxDepth = 64;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The JSON object in these bytes, or undefined where they hold anything else: invalid UTF-8, a byte order mark, invalid
 * JSON, another type, more than 64 levels, or a member name that one object repeats (RFC 7515 §4, RFC 7519 §4). Two
 * readers may disagree about which of two members counts, so a repeated one is never accepted.
 */
export function parseJsonObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) && hasUniqueNames(text) ? value : undefined;
  } catch (error) {
    // A SyntaxError quotes its input: it stays here.
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// In a text that is known to be JSON: strings, with the colon behind those that name a member, and what opens and closes.
const marks = /("(?:[^"\\]+|\\.)*")(\s*:)?|[{}[\]]/g;

function hasUniqueNames(json: string): boolean {
  const open: Set<unknown>[] = [];
  for (const [mark, text, colon] of json.matchAll(marks)) {
    if (mark === '{' || mark === '[') {
      if (open.push(new Set()) > maxDepth) return false;
    } else if (mark === '}' || mark === ']') {
      open.pop();
    } else if (text !== undefined && colon !== undefined && !addName(open.at(-1), text)) {
      return false;
    }
  }
  return true;
}

/** False for a name that is there already. Names are compared as read: `"a"` and `"\u0061"` are the same. */
function addName(names: Set<unknown> | undefined, literal: string): boolean {
  const name: unknown = JSON.parse(literal);
  if (names?.has(name)) return false;
  names?.add(name);
  return true;
}
