/** Deeper nesting than any token or key needs; keeps every recursive walk of what was parsed shallow. */
const maxDepth = 64;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The JSON object in these bytes, or undefined where they hold anything else: invalid UTF-8, a byte order mark, invalid
 * JSON, another type, more than 64 levels, a member named `__proto__`, or a member name that one object repeats (RFC 7515
 * §4, RFC 7519 §4). Two readers may disagree about which of two members counts, so a repeated one is never accepted; and a
 * copy of an object with `__proto__` has another prototype.
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

/** For a text that is known to be JSON: looks at strings, and at what opens and closes. */
function hasUniqueNames(json: string): boolean {
  const open: Set<string>[] = [];
  for (let at = 0; at < json.length; at += 1) {
    switch (json[at]) {
      case '{':
      case '[':
        if (open.push(new Set()) > maxDepth) return false;
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case '"': {
        const end = findClosingQuote(json, at);
        if (isName(json, end) && !addName(open.at(-1), json.slice(at, end + 1))) return false;
        at = end;
        break;
      }
    }
  }
  return true;
}

function findClosingQuote(json: string, opening: number): number {
  let end = json.indexOf('"', opening + 1);
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end;
}

/** Behind an odd number of backslashes. */
function isEscaped(json: string, at: number): boolean {
  let start = at;
  while (json[start - 1] === '\\') start -= 1;
  return (at - start) % 2 === 1;
}

/** A string names a member when a colon follows. */
function isName(json: string, closing: number): boolean {
  let next = closing + 1;
  while (/\s/.test(json[next] ?? '')) next += 1;
  return json[next] === ':';
}

/** False for a name that is there already, or harms whoever copies the object. Names are compared as read: `"a"` and `"\u0061"` are the same. */
function addName(names: Set<string> | undefined, literal: string): boolean {
  const name = literal.includes('\\') ? String(JSON.parse(literal)) : literal.slice(1, -1);
  if (name === '__proto__' || names?.has(name)) return false;
  names?.add(name);
  return true;
}
