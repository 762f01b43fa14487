import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { describeDefect, tokenDefects } from './defects.ts';
import { describeProofDefect, proofDefects } from './dpop/proof-defects.ts';
import { describeFault, issuerFaults } from './faults.ts';
import { describeForwardingDefect, forwardingDefects } from './mtls/forwarding-defects.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** The rows under a heading, as pairs of name and description. */
function tableUnder(heading: string): readonly (readonly [string, string])[] {
  const section = readme.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `(\S+)` \| (.+) \|$/gm)].map(([, name = '', text = '']) => [name, text]);
}

test('the README describes every defect, in the words of the code', () => {
  expect(tableUnder('Every defect')).toEqual(tokenDefects.map((defect) => [defect, describeDefect(defect)]));
});

test('the README describes every defect of a proof, in the words of the code', () => {
  const described = proofDefects.map((defect) => [defect, describeProofDefect(defect)]);
  expect(tableUnder('Every proof defect')).toEqual(described);
});

test('the README describes every defect of a forwarded certificate, in the words of the code', () => {
  const described = forwardingDefects.map((defect) => [defect, describeForwardingDefect(defect)]);
  expect(tableUnder('Every forwarding defect')).toEqual(described);
});

test('the README describes every fault, in the words of the code', () => {
  expect(tableUnder('Every fault')).toEqual(issuerFaults.map((fault) => [fault, describeFault(fault)]));
});
