import { formatRatio } from '../table.mjs';

/** @typedef {import('./figures.mjs').Figures} Figures */
/** @typedef {import('./figures.mjs').Line} Line */

/**
 * @typedef {object} Panel
 * @property {string} table whose rows are shown, but for the first, which is the line at 1
 * @property {string} title
 * @property {string} limit what the line at 1 is
 * @property {'linear' | 'logarithmic'} scale
 */

/** @type {readonly Panel[]} */
const panels = [
  {
    table: 'dpop',
    title: 'DPoP, a new proof for each request',
    limit: 'line: the one ES256 verification that each proof needs',
    scale: 'linear',
  },
  {
    table: 'bearer',
    title: 'Bearer, the same token again, logarithmic',
    limit: 'line: one ES256 verification',
    scale: 'logarithmic',
  },
  { table: 'express-dpop', title: 'DPoP over Express 5', limit: 'line: the route without a guard', scale: 'linear' },
  {
    table: 'express-bearer',
    title: 'Bearer over Express 5',
    limit: 'line: the route without a guard',
    scale: 'linear',
  },
];

const width = 760;
const plot = { left: 290, right: 680 };
const row = 24;

/** Powers of ten that the logarithmic scale begins and ends with. */
const decades = { first: -1, last: 2 };

/**
 * The chart of a run: how fast every row is, by processor time, compared with what nobody can be faster than.
 *
 * @param {Figures} figures
 * @returns {string} an SVG document, for light and dark pages
 */
export function renderChart({ tables, machine, date }) {
  let top = 20;
  const drawn = panels.flatMap((panel) => {
    const rows = tables.find(({ id }) => id === panel.table)?.rows ?? [];
    const compared = rows
      .slice(1)
      .filter(({ name }) => !name.includes('401'))
      .toSorted((one, other) => other.cpuRatio - one.cpuRatio);
    if (compared.length === 0) return [];
    const body = renderPanel(panel, compared, top);
    top += 62 + compared.length * row;
    return [{ panel, compared, body }];
  });
  const description = drawn.map(({ panel, compared }) => {
    return `${panel.title}. ${panel.limit}. ${compared.map(({ name, cpuRatio }) => `${name}: ${formatRatio(cpuRatio)}`).join('; ')}.`;
  });
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top + 10}" width="${width}" height="${top + 10}" role="img" aria-labelledby="title description">`,
    '<title id="title">Speed of Gatehouse and of others, compared with what nobody can be faster than</title>',
    `<desc id="description">${escapeText(description.join(' '))}</desc>`,
    style,
    ...drawn.map(({ body }) => body),
    `<text class="quiet" x="10" y="${top}">By processor time, longer is faster. Node ${escapeText(machine.node)}, ${machine.cores} cores, ${escapeText(date)}.</text>`,
    '</svg>',
  ].join('\n')}\n`;
}

const style = `<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 14px; }
  .quiet { fill: #59636e; font-size: 12px; font-weight: 400; }
  .ours { font-weight: 600; }
  .bar { fill: #8c959f; }
  .bar.ours { fill: #0969da; }
  .limit { stroke: #cf222e; stroke-width: 2; stroke-dasharray: 5 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .bar { fill: #656c76; }
    .bar.ours { fill: #4493f8; }
    .limit { stroke: #f85149; }
  }
</style>`;

/** @param {Panel} panel @param {readonly Line[]} rows @param {number} top */
function renderPanel({ title, limit, scale }, rows, top) {
  const place = scale === 'linear' ? placeLinear(rows) : placeLogarithmic;
  const [first, last] = [top + 24, top + 26 + rows.length * row];
  const line = place(1);
  return [
    `<text class="title" x="10" y="${top + 8}">${escapeText(title)}<tspan class="quiet" dx="12">${escapeText(limit)}</tspan></text>`,
    ...rows.map((subject, index) => renderBar(subject, first + index * row, place)),
    `<line class="limit" x1="${line}" x2="${line}" y1="${top + 18}" y2="${last}"/>`,
  ].join('\n');
}

/** @param {Line} subject @param {number} top @param {(ratio: number) => number} place */
function renderBar({ name, cpuRatio }, top, place) {
  const kind = name.startsWith('Gatehouse') ? ' ours' : '';
  return [
    `<text class="name${kind}" x="${plot.left - 10}" y="${top + 15}" text-anchor="end">${escapeText(name)}</text>`,
    `<rect class="bar${kind}" x="${plot.left}" y="${top + 3}" width="${tenths(place(cpuRatio) - plot.left)}" height="${row - 7}"/>`,
    `<text class="value${kind}" x="${width - 10}" y="${top + 15}" text-anchor="end">${formatRatio(cpuRatio)}</text>`,
  ].join('\n');
}

/** So that the line at 1 and every bar have room. @param {readonly Line[]} rows */
function placeLinear(rows) {
  const most = Math.max(1.05, ...rows.map(({ cpuRatio }) => cpuRatio));
  /** @param {number} ratio */
  return (ratio) => tenths(plot.left + (ratio / most) * (plot.right - plot.left));
}

/** @param {number} ratio what lies outside of the scale ends at its border */
function placeLogarithmic(ratio) {
  const share = (Math.log10(ratio) - decades.first) / (decades.last - decades.first);
  return tenths(plot.left + Math.min(1, Math.max(0, share)) * (plot.right - plot.left));
}

/** @param {number} value */
const tenths = (value) => Math.round(value * 10) / 10;

/** @param {string} text */
function escapeText(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
