/**
 * What an API has to write itself where the package does not look at scopes.
 *
 * @param {unknown} granted the claim `scope`
 * @param {string} needed
 * @throws Error when it is not among those granted
 */
export function expectScope(granted, needed) {
  if (typeof granted !== 'string' || !granted.split(' ').includes(needed)) {
    throw new Error('The token lacks the scope.');
  }
}
