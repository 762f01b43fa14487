import { createHash } from 'node:crypto';
import type { HeaderLists } from './request.ts';

/** A strong entity tag (RFC 9110 §8.8.3): the same for the same bytes alone. */
export function createEntityTag(body: string): string {
  return `"${createHash('sha256').update(body).digest('base64url')}"`;
}

/**
 * True when a GET or HEAD is to be answered with 304: `If-None-Match` has the tag, strong or weak, in any of its lines, or
 * is `*` (RFC 9110 §13.1.2). Tags may hold commas, so that quotes tell where one ends.
 */
export function hasEntityTag(headers: HeaderLists, tag: string): boolean {
  const lines = headers['if-none-match'] ?? [];
  return lines.some((line) => line.trim() === '*' || listEntityTags(line).includes(tag));
}

function listEntityTags(line: string): readonly string[] {
  return line.match(/"[^"]*"/g) ?? [];
}
