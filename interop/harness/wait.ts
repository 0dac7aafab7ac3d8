/** Waiting with a bound: every wait of a test ends with a reason. */

/** How long a test waits for something that should happen at once. */
export const WAIT_MS = 10_000

/** The promise, or an error that names what did not happen within `timeoutMs`. */
export async function within<T>(
  promise: Promise<T>,
  what: string,
  timeoutMs: number = WAIT_MS,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const alarm = setTimeout(
    () => reject(new Error(`${what}: not within ${timeoutMs} ms`)),
    timeoutMs,
  )
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(alarm)
  }
}

/**
 * Asks again until the answer is not undefined. For states that nothing announces; what a server
 * sends is awaited, not polled.
 */
export async function poll<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  timeoutMs: number = WAIT_MS,
  intervalMs: number = 20,
): Promise<T> {
  const endMs = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > endMs) throw new Error(`${what}: not within ${timeoutMs} ms`)
    await pause(intervalMs)
  }
}

/** Lets time pass: only where the passing of time is what the test is about. */
export async function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  setTimeout(resolve, ms)
  return promise
}
