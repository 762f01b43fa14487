/**
 * What a promise resolves to, unless it takes too long. What goes on behind it cannot be ended from here.
 *
 * @throws whatever the promise rejects with, or an Error when the time is over
 */
export async function withTimeout<Value>(promise: Promise<Value>, seconds: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), seconds * 1000);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
