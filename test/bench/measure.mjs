/**
 * What one round found out about one row. Other members than these two are carried along.
 *
 * @typedef {Readonly<Record<string, number>> & { readonly perSecond: number, readonly cpuMicroseconds: number }} Sample
 */

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {Readonly<Record<string, number>>} median the median of each member of the samples
 * @property {number} ratio speed over the first row's in the same round; the median of all rounds
 * @property {number} cpuRatio the same by processor time, which other work on the machine disturbs less
 * @property {readonly [number, number]} spread of `cpuRatio`: the lowest and the highest of the rounds
 * @property {readonly Sample[]} rounds
 */

/**
 * Takes one sample of every case in each round, alternating. Every other round goes backwards, so that a machine that
 * becomes slower or faster is unfair to nobody. The first case is what the others are compared with.
 *
 * @template {{ readonly name: string }} Case
 * @param {readonly Case[]} cases
 * @param {number} rounds
 * @param {(subject: Case) => Promise<Sample>} sample
 * @returns {Promise<Row[]>}
 */
export async function alternate(cases, rounds, sample) {
  const subjects = cases.map((subject) => ({ subject, samples: /** @type {Sample[]} */ ([]) }));
  for (let round = 0; round < rounds; round += 1) {
    for (const { subject, samples } of round % 2 === 0 ? subjects : subjects.toReversed()) {
      samples.push(await sample(subject));
    }
  }
  const [first] = subjects;
  return subjects.map(({ subject, samples }) => summarize(subject.name, samples, first?.samples ?? []));
}

/**
 * @param {string} name
 * @param {readonly Sample[]} rounds
 * @param {readonly Sample[]} base
 * @returns {Row}
 */
function summarize(name, rounds, base) {
  const members = Object.keys(rounds[0] ?? {});
  const cpuRatios = rounds.map(({ cpuMicroseconds }, round) => (base[round]?.cpuMicroseconds ?? 0) / cpuMicroseconds);
  return {
    name,
    median: Object.fromEntries(members.map((member) => [member, median(rounds.map((sample) => sample[member] ?? 0))])),
    ratio: median(rounds.map(({ perSecond }, round) => perSecond / (base[round]?.perSecond ?? 0))),
    cpuRatio: median(cpuRatios),
    spread: [Math.min(...cpuRatios), Math.max(...cpuRatios)],
    rounds,
  };
}

/** @param {readonly number[]} values */
export const median = (values) => percentile(values, 0.5);

/**
 * The value below which this share of the values lies, between the two nearest.
 *
 * @param {readonly number[]} values
 * @param {number} share from 0 to 1
 */
export function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place % 1);
}

/** Processor time of all threads. @param {NodeJS.CpuUsage} usage */
export const toMicroseconds = ({ user, system }) => user + system;
