import { EnvironmentError, readEnvironment } from './environment.mjs';

try {
  const settings = readEnvironment(process.env);
  // Loaded only now: who got a variable wrong is told at once.
  const { serve } = await import('./serve.mjs');
  await serve(settings);
} catch (error) {
  console.error(isMendable(error) ? error.message : error);
  process.exit(1);
}

/**
 * What whoever starts the server can mend is told in a sentence; anything else is a bug and keeps its stack.
 *
 * @param {unknown} error
 * @returns {error is Error}
 */
function isMendable(error) {
  if (!(error instanceof Error)) return false;
  const isConfiguration = 'code' in error && error.code === 'ERR_CONFIGURATION';
  // A port that is taken, a host that is not ours.
  const isFromSystem = 'syscall' in error;
  return error instanceof EnvironmentError || isConfiguration || isFromSystem;
}
