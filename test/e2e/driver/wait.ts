/** Waiting for what a slow machine shows in its own time. */

/** Milliseconds that anything in the workbench may take. */
export const patience = 30_000;

/** Asks again until `probe` gives something other than null. @throws Error that says what was awaited. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | null>,
  timeoutMs: number = patience,
): Promise<T> {
  const until = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== null) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > until) {
      const because = last instanceof Error ? ` (${last.message.split('\n')[0]})` : '';
      throw new Error(`waited ${Math.round(timeoutMs / 1000)} s for ${what}${because}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}
