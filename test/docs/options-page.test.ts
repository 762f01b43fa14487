import { describe, expect, test } from 'vitest';
import { introspectionSchema } from '../../packages/core/src/issuer/introspection/options.ts';
import { issuerSchema } from '../../packages/core/src/issuer/options.ts';
import { parseOptions } from '../../packages/core/src/options.ts';
import { type DpopSettings, dpopSchema } from '../../packages/core/src/proof/options.ts';
import { memoryReplayStoreSchema } from '../../packages/core/src/proof/replay-memory.ts';
import { revocationEndpointSchema } from '../../packages/core/src/revocation-endpoint.ts';
import { revocationListSchema } from '../../packages/core/src/status/revocation-list.ts';
import { readText } from '../repository.ts';

const page = 'packages/core/README.md';
const settings = parseOptions({ resource: 'https://api.example.com', issuers: ['https://auth.example.com'] });
const { nonces, ...dpop } = dpopSchema.parse({ nonces: { secrets: [Buffer.alloc(32)] } }) as DpopSettings;
const issuer = issuerSchema.parse('https://auth.example.com');

const introspection = introspectionSchema.parse({
  clientAuthentication: { method: 'client_secret_post', clientId: 'api', clientSecret: 'secret' },
});

/** Each interface, the heading above its table, and what `parseOptions` fills in. */
const interfaces = [
  { name: 'VerifierOptions', file: 'options.ts', heading: '### `VerifierOptions`', defaults: settings },
  { name: 'LimitOptions', file: 'options.ts', heading: '### `LimitOptions`', defaults: settings.limits },
  { name: 'IssuerOptions', file: 'issuer/options.ts', heading: '### `IssuerOptions`', defaults: issuer },
  {
    name: 'ClaimMapping',
    file: 'issuer/claim-mapping.ts',
    heading: '### `ClaimMapping`',
    defaults: issuer.claims,
  },
  { name: 'KeyOptions', file: 'issuer/options.ts', heading: '### `KeyOptions`', defaults: issuer.keys },
  {
    name: 'IntrospectionOptions',
    file: 'issuer/introspection/options.ts',
    heading: '### `IntrospectionOptions`',
    defaults: introspection,
  },
  {
    name: 'QuestionOptions',
    file: 'introspection/options.ts',
    heading: '### `QuestionOptions`',
    defaults: introspection,
  },
  { name: 'DpopOptions', file: 'proof/options.ts', heading: '### `DpopOptions`', defaults: dpop },
  { name: 'NonceOptions', file: 'proof/options.ts', heading: '### `NonceOptions`', defaults: nonces },
  { name: 'StoreOptions', file: 'proof/options.ts', heading: '### `StoreOptions`', defaults: settings.stores },
  {
    name: 'MetadataOptions',
    file: 'resource/options.ts',
    heading: '### `MetadataOptions`',
    defaults: settings.metadata,
  },
  {
    name: 'MemoryReplayStoreOptions',
    file: 'proof/replay-memory.ts',
    heading: '### `MemoryReplayStoreOptions`',
    defaults: memoryReplayStoreSchema.parse({}),
  },
  {
    name: 'RevocationEndpointOptions',
    file: 'revocation-endpoint.ts',
    heading: '### `RevocationEndpointOptions`',
    defaults: revocationEndpointSchema.parse({}),
  },
  {
    name: 'RevocationListOptions',
    file: 'status/revocation-list.ts',
    heading: '### `RevocationListOptions`',
    defaults: revocationListSchema.parse({}),
  },
  {
    name: 'Requirement',
    file: 'requirement/requirement.ts',
    heading: '## Requirements',
    defaults: settings.requirement,
  },
];

/** Defaults that are functions, or that depend on what is known where the option is used. */
const spokenDefaults: Readonly<Record<string, string>> = {
  'VerifierOptions.publicUrl': 'the origin of `resource`',
  'StoreOptions.replay': 'the memory of this process',
  'VerifierOptions.renderProblem': 'problem details',
  'VerifierOptions.fetch': 'the global `fetch`',
  'VerifierOptions.now': '`Date.now`',
  'StoreOptions.revocations': 'the memory of this process',
  'RevocationListOptions.now': '`Date.now`',
  'MemoryReplayStoreOptions.now': '`Date.now`',
  'IssuerOptions.audience': 'the `resource`',
  'IssuerOptions.jwksUri': 'from its metadata',
  'ClaimMapping.clientScopes': 'as `scopes`',
  'IntrospectionOptions.endpoint': 'from its metadata',
  'IntrospectionOptions.signedAudience': 'the client id',
  'IntrospectionOptions.tokenPrefix': 'any text',
  'IntrospectionOptions.agent': 'our own',
  'QuestionOptions.inactiveSeconds': '`5`, or `cacheSeconds` if that is less',
};

interface Row {
  readonly option: string;
  readonly fallback: string;
}

/** One row for each member of an interface, in its order. */
function listExpectedRows({ name, file, defaults }: (typeof interfaces)[number]): readonly Row[] {
  const source = readText(`packages/core/src/${file}`);
  const [, body = ''] = new RegExp(`^export interface ${name}\\b.*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(source) ?? [];
  const values = new Map<string, unknown>(Object.entries(defaults ?? {}));
  return [...body.matchAll(/^ {2}readonly (\w+)(\??):/gm)].map(([, option = '', optional]) => {
    const fallback = spokenDefaults[`${name}.${option}`] ?? describeDefault(values.get(option));
    return { option: `\`${option}\``, fallback: optional === '' ? 'required' : fallback };
  });
}

function describeDefault(value: unknown): string {
  if (value === undefined) return 'none';
  if (Array.isArray(value)) return `\`[${value.map((member) => `'${member}'`).join(', ')}]\``;
  const isGroup = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  return isGroup ? 'see below' : `\`${JSON.stringify(value)}\``;
}

/** The cells of the rows between a heading and the next one; a `|` within a cell is written `\|`. */
function readTable(heading: string): readonly (readonly string[])[] {
  const lines = readText(page).split('\n');
  const start = lines.indexOf(heading) + 1;
  const end = lines.findIndex((line, index) => index >= start && line.startsWith('#'));
  const section = start === 0 ? [] : lines.slice(start, end === -1 ? undefined : end);
  const rows = section.filter((line) => line.startsWith('| `'));
  return rows.map((line) => line.split(/(?<!\\)\|/).slice(1, -1)).map((cells) => cells.map((cell) => cell.trim()));
}

describe.each(interfaces)(`the table of $name in ${page}`, (described) => {
  const { heading } = described;
  const expected = listExpectedRows(described);
  const rows = readTable(heading);
  const remedy = `Under the heading ${heading}, with your own words for type and meaning:

| Option | Type | Default | Meaning |
| --- | --- | --- | --- |
${expected.map(({ option, fallback }) => `| ${option} | … | ${fallback} | … |`).join('\n')}
`;

  test('has a row for every option with its default, in the order of the code', () => {
    expect(expected.length).toBeGreaterThan(0);
    expect(
      rows.map(([option, _type, fallback]) => ({ option, fallback })),
      remedy,
    ).toEqual(expected);
  });

  test('gives every option a type and a meaning', () => {
    const incomplete = rows.filter((cells) => cells.length !== 4 || cells.includes('') || cells.includes('…'));
    expect(incomplete, remedy).toEqual([]);
  });
});

test('the clock is that of the machine, as the page says', () => {
  expect(settings.now).toBe(Date.now);
});
