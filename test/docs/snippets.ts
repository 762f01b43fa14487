import { readText } from '../repository.ts';

/** A block of code on a page, as a module of its own. */
export interface Snippet {
  readonly page: string;
  /** The line of its first code, counted from 1. */
  readonly line: number;
  readonly language: string;
  /** What follows the language: `no-check` leaves the block out. */
  readonly mark: string;
  /** The module. Its lines have the numbers that they have on the page, but for those of a diff; all others are empty. */
  readonly code: string;
}

interface Block extends Omit<Snippet, 'page' | 'code'> {
  readonly indices: readonly number[];
  /** Indices of the lines of the comments directly above. */
  readonly comments: readonly number[];
}

const languages = new Set(['diff', 'ts', 'mts', 'cts', 'tsx', 'typescript', 'js', 'mjs', 'cjs', 'jsx', 'javascript']);
const fence = /^\s*(`{3,}|~{3,})\s*([^\s`]*)\s*(.*)$/;
const firstBlock = '<!-- given: the first block -->';

/** Every block of TypeScript or JavaScript on a page, and what each `diff` makes of the first block. */
export function listSnippets(page: string): readonly Snippet[] {
  const lines = readText(page).split('\n');
  const blocks = listBlocks(lines);
  return blocks.map((block) => {
    const [opening] = blocks;
    if (block.language === 'diff' && opening !== undefined) return patch(page, lines, opening, block);
    const given = block.comments.map((index) => lines[index]);
    const [first] = given.includes(firstBlock) ? blocks : [];
    const shown = new Set([...block.indices, ...(first?.indices ?? [])]);
    const hidden = new Set([...block.comments, ...(first?.comments ?? [])]);
    const code = lines.map((line, index) => (shown.has(index) ? line : hidden.has(index) ? uncomment(line) : ''));
    return { page, line: block.line, language: block.language, mark: block.mark, code: code.join('\n') };
  });
}

/** What a diff makes of the block that opens the page: each run of its lines is taken out, and others come in its place. */
function patch(page: string, lines: readonly string[], { language, indices }: Block, diff: Block): Snippet {
  const code = indices.map((index) => lines[index]);
  let place = 0;
  for (const index of diff.indices) {
    const change = lines[index] ?? '';
    if (change.startsWith('+')) {
      code.splice(place, 0, change.slice(1));
      place += 1;
    } else {
      place = code.indexOf(change.slice(1));
      if (place === -1) throw new Error(`${page} opens with a block that has no such line: ${change}`);
      code.splice(place, 1);
    }
  }
  return { page, line: diff.line, mark: diff.mark, language, code: '\n'.repeat(diff.line - 1) + code.join('\n') };
}

function listBlocks(lines: readonly string[]): readonly Block[] {
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const [, ticks, language = '', mark = ''] = fence.exec(lines[index] ?? '') ?? [];
    if (ticks === undefined) continue;
    const start = index + 1;
    do index += 1;
    while (index < lines.length && lines[index]?.trim() !== ticks);
    if (!languages.has(language)) continue;
    const indices = Array.from({ length: index - start }, (_, offset) => start + offset);
    blocks.push({ line: start + 1, language, mark, indices, comments: listComments(lines, start - 2) });
  }
  return blocks;
}

/** `<!-- given: … -->` directly above a block, on one line or on several; several of them, too. */
function listComments(lines: readonly string[], end: number): readonly number[] {
  const last = lines[end]?.trim() === '' ? end - 1 : end;
  if (!lines[last]?.trimEnd().endsWith('-->')) return [];
  let first = last;
  while (first > 0 && !lines[first]?.startsWith('<!--')) first -= 1;
  if (!lines[first]?.startsWith('<!-- given:')) return [];
  const comment = Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
  return [...listComments(lines, first - 1), ...comment];
}

function uncomment(line: string): string {
  return line === firstBlock ? '' : line.replace(/^<!-- given:/, '').replace(/-->\s*$/, '');
}
