import { randomBytes } from 'node:crypto';
import autocannon from 'autocannon';

/** A flood, in a process of its own: `node flood-load.mjs URL AMOUNT PREFIX`. It says which statuses came how often. */

const [url = '', amount = '0', prefix = ''] = process.argv.slice(2);
/** No two alike. */
const makeToken = () => prefix + randomBytes(24).toString('base64url');

const { statusCodeStats, errors, timeouts } = await autocannon({
  url,
  // More than may wait for their question, so that most of them are refused at once, as in life.
  connections: 256,
  amount: Number(amount),
  timeout: 60,
  requests: [{ setupRequest: (request) => ({ ...request, headers: { authorization: `Bearer ${makeToken()}` } }) }],
});
const statuses = Object.fromEntries(
  Object.entries(statusCodeStats ?? {}).map(([status, { count }]) => [status, count]),
);
process.send?.({ statuses, lost: errors + timeouts });
process.disconnect();
