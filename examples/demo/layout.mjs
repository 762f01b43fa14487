/** Text that fits a terminal. Nothing here knows about colours or HTTP. */

export const WIDTH = 80;

/**
 * Breaks a line at spaces, and words that are still too long at the places where URLs and forms have joints.
 *
 * @param {string} text
 * @param {{ first?: string, rest?: string }} [indent] what lines begin with
 * @returns {string[]}
 */
export function wrap(text, { first = '', rest = first } = {}) {
  const lines = [];
  let line = first;
  let empty = true;
  for (const piece of text.match(/\S+\s*/g) ?? []) {
    let word = piece;
    if (!empty && line.length + word.trimEnd().length > WIDTH) {
      lines.push(line.trimEnd());
      line = rest;
    }
    while (line.length + word.trimEnd().length > WIDTH) {
      const cut = joint(word, WIDTH - line.length);
      lines.push(line + word.slice(0, cut));
      word = word.slice(cut);
      line = rest;
    }
    line += word;
    empty = false;
  }
  return [...lines, line.trimEnd()];
}

/** @param {string} word @param {number} room @returns {number} where to cut, so that the first part fits */
function joint(word, room) {
  for (let at = room; at > room / 3; at -= 1) {
    if (word[at - 1] === '&' || (word[at] === '/' && /\w/.test(word[at - 1] ?? ''))) return at;
  }
  return room;
}

/**
 * JSON on one line where it fits, on several where it does not.
 *
 * @param {unknown} value
 * @param {string} [indent]
 * @returns {string}
 */
export function formatJson(value, indent = '') {
  const flat = JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ');
  if (indent.length + flat.length <= WIDTH - 8 || typeof value !== 'object' || value === null) return flat;
  const deeper = `${indent}  `;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const members = Array.isArray(value)
    ? value.map((item) => formatJson(item, deeper))
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${formatJson(item, deeper)}`);
  return `${open}\n${members.map((member) => deeper + member).join(',\n')}\n${indent}${close}`;
}

/**
 * Columns as wide as their widest cell, closer together when the table is wide.
 *
 * @param {readonly string[]} titles
 * @param {readonly (readonly string[])[]} rows
 * @returns {string[]}
 */
export function formatTable(titles, rows) {
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const total = widths.reduce((sum, width) => sum + width, 0);
  const gap = total + 2 * (widths.length - 1) <= WIDTH ? '  ' : ' ';
  return [titles, ...rows].map((row) => {
    const cells = row.map((cell, at) => cell.padEnd(widths[at] ?? 0));
    return cells.join(gap).trimEnd();
  });
}
