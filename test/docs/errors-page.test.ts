import { describe, expect, test } from 'vitest';
import { answers } from '../../packages/core/src/answers.ts';
import { ConfigurationError, revocationFaults } from '../../packages/core/src/errors.ts';
import { listSources, packages, readText } from '../repository.ts';

const sections = splitByHeading(readText('packages/core/docs/errors.md'));
const classes = Object.entries(answers);
const codes = classes.flatMap(([, answer]) => Object.entries(answer.codes));
const parts = ['Meaning', 'Likely cause', 'What to do', 'What the agent does'];

interface Section {
  readonly level: string;
  readonly heading: string;
  readonly text: string;
}

function splitByHeading(page: string): readonly Section[] {
  return page.split(/^(?=#+ )/m).map((section) => {
    const [, level = '', heading = '', text = ''] = /^(#+) (.+)\n([\s\S]*)$/.exec(section) ?? [];
    return { level, heading, text };
  });
}

function findSection(heading: string): string {
  return sections.find((section) => section.heading === heading)?.text ?? '';
}

function listHeadings(level: string): readonly string[] {
  return sections.filter((section) => section.level === level).map(({ heading }) => heading);
}

test('the page has a heading for each class and for each code, in the order of the code', () => {
  expect(listHeadings('##')).toEqual([...classes.map(([name]) => name), 'ConfigurationError', 'RevocationError']);
  expect(sections.slice(1).map(({ heading }) => heading)).toEqual([
    ...classes.flatMap(([name, answer]) => [name, ...Object.keys(answer.codes)]),
    ...['ConfigurationError', 'ERR_CONFIGURATION'],
    ...['RevocationError', ...Object.keys(revocationFaults)],
  ]);
});

test.each(classes)('%s is described by what its callers observe', (name, { status, title, error, description }) => {
  const lines = findSection(name).trim().split('\n').slice(0, 3);
  // A challenge has no error where more authority would not help, and there is no challenge from 429 on.
  const inChallenge = name === 'ForbiddenError' ? `none; the body has \`${error}\`` : error && `\`${error}\``;
  expect(lines).toEqual([
    `- **Status:** ${status} ${title}`,
    `- **\`error\` of the challenge:** ${inChallenge ?? (status < 429 ? 'none' : 'none; there is no challenge')}`,
    `- **Callers read:** ${description}`,
  ]);
});

const { ERR_REVOCATION_INVALID, ...otherFaults } = revocationFaults;

test.each([
  ...codes,
  ['ERR_CONFIGURATION', `${new ConfigurationError('options', []).message} …`],
  ['ERR_REVOCATION_INVALID', `${ERR_REVOCATION_INVALID} …`],
  ...Object.entries(otherFaults),
])('%s has its message, its meaning, its likely cause and what to do', (code, message) => {
  const [quote, ...paragraphs] = findSection(code).trim().split('\n\n');
  expect(quote).toBe(`> ${message}`);
  const labels = paragraphs.map((paragraph) => /^\*\*(.+)\.\*\* [A-Z].+\.$/.exec(paragraph)?.[1]);
  expect(labels).toEqual(parts.slice(0, Math.max(3, labels.length)));
});

describe('codes that no code raises', () => {
  const raising = packages.filter(({ name }) => ['@gatehouse/core', '@gatehouse/redis'].includes(name));
  const source = raising.flatMap((pack) =>
    listSources(pack)
      .filter((file) => file !== 'answers.ts')
      .map((file) => readText(`${pack.directory}/src/${file}`)),
  );

  test.each(codes)('the page says of %s whether this version raises it', (code) => {
    const isRaised = source.some((text) => text.includes(`'${code}'`));
    expect(findSection(code).includes('This version never raises it.')).toBe(!isRaised);
  });
});
