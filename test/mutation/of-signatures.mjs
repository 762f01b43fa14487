// @ts-check
/** @import { Mutation } from './mutations.mjs' */

/** What a key verifies, and where. @type {readonly Mutation[]} */
export const ofSignatures = [
  {
    check: 'a key verifies nothing under the algorithm of another kind of key',
    rows: ['JWT-04'],
    find: 'if (!isKeyFor(scheme, key)) return verifiesNothing;',
    replace: '',
  },
  {
    check: 'a key verifies nothing under the algorithm of another curve',
    rows: ['JWT-04'],
    find: ' && key.asymmetricKeyDetails?.namedCurve === namedCurve',
    replace: '',
  },
  {
    check: 'a signature is as long as its algorithm has it',
    rows: ['JWT-17'],
    find: 'if (signature.length !== bytes) return false;',
    replace: '',
  },
  {
    check: 'what takes long is not verified on the thread of the event loop',
    rows: [],
    find: 'here: isSlow ? undefined : () =>',
    replace: 'here: () =>',
  },
];

/** @type {readonly Mutation[]} */
export const ofPublishedKeys = [
  {
    check: 'a key that was found is found again by its own kid alone',
    rows: [],
    find: `kid === undefined ? \`\${alg}\` : \`\${alg} \${kid}\``,
    replace: `\`\${alg}\``,
  },
  {
    check: 'a key that was found is found again for its own algorithm alone',
    rows: [],
    find: `kid === undefined ? \`\${alg}\` : \`\${alg} \${kid}\``,
    replace: `\`\${kid}\``,
  },
  {
    check: 'names of keys that do not exist are not remembered',
    rows: [],
    find: 'if (fitting.length > 0) found.set',
    replace: 'found.set',
  },
];

/** How much is done on the thread of the event loop. @type {readonly Mutation[]} */
export const ofThreads = [
  {
    check: 'one piece in a turn is done here where there are several cores',
    rows: [],
    find: 'isOneCore ? mostHereOnOneCore : 1',
    replace: 'mostHereOnOneCore',
  },
  {
    check: 'a turn does so many pieces here and no more where there is one core',
    rows: [],
    find: 'doneHere < mostHere && ',
    replace: '(isOneCore || doneHere < mostHere) && ',
  },
  {
    check: 'nothing is done here while anything is on the pool',
    rows: [],
    find: '(isOneCore || onPool === 0)',
    replace: 'true',
  },
  {
    check: 'another turn may do as much again',
    rows: [],
    find: 'if (doneHere === 0) setImmediate(endTurn);',
    replace: '',
  },
  {
    check: 'what fails here counts in its turn',
    rows: [],
    find: `doneHere += 1;
    return here();`,
    replace: `const result = here();
    doneHere += 1;
    return result;`,
  },
  {
    check: 'what the pool does not take is not there',
    rows: [],
    find: `work.onPool((error, result) => {`,
    replace: `onPool += 1;
      work.onPool((error, result) => {`,
  },
];
