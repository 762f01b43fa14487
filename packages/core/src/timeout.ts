/**
 * What a promise resolves to, unless it takes too long. What goes on behind it cannot be ended from here. By hand, because
 * every proof that is remembered elsewhere waits like this, and a race makes six promises of it.
 *
 * @throws whatever the promise rejects with, or an Error when the time is over
 */
export function withTimeout<Value>(promise: Promise<Value>, seconds: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer in time')), seconds * 1000);
    // Stores are written by others: it may be no promise.
    Promise.resolve(promise).then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
