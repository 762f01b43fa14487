/**
 * As much of an answer as the load has to know.
 *
 * @param {string} text what came on a connection since the request, each byte a character
 * @returns {number | undefined} the status, once the answer is whole
 * @throws Error for an answer that does not say how long it is, or has more behind it
 */
export function parseAnswer(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, end + 2))?.[1];
  if (length === undefined) throw new Error('An answer does not say how long it is.');
  const missing = end + 4 + Number(length) - text.length;
  if (missing < 0) throw new Error('An answer is longer than it says.');
  return missing === 0 ? Number(text.slice(9, 12)) : undefined;
}
