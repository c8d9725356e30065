/** Takes gzip off a stream, with the platform's own decompressor (Node and browsers). */
import { UserError } from '../../model.ts';

/** What unpacks to more than `bytes` and more than `ratio` times its packed size is taken for an attack. */
export interface GunzipLimits {
  readonly bytes: number;
  readonly ratio: number;
}

/** Text of repeated stacks packs to about a thirtieth; zeros, gzip's best case, to a thousandth. */
export const gunzipLimits: GunzipLimits = { bytes: 64 * 2 ** 20, ratio: 250 };

export const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b;

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

/**
 * @throws UserError when the data is no gzip, is cut short, or unpacks beyond the limits; whatever `input` throws
 */
export async function* gunzip(
  input: AsyncIterable<Uint8Array>,
  limits: GunzipLimits = gunzipLimits,
): AsyncGenerator<Uint8Array> {
  const stream = new DecompressionStream('gzip');
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  // The platform's own promises must not count as unhandled when the other side has the error already.
  writer.closed.catch(() => {});
  let taken = 0;
  let failed: { readonly error: unknown } | null = null;
  let left = false;
  const feed = async (): Promise<void> => {
    const chunks = input[Symbol.asyncIterator]();
    for (;;) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await chunks.next();
      } catch (error) {
        failed = { error };
        await writer.abort(error).catch(() => {});
        return;
      }
      try {
        if (next.done === true) {
          await writer.close();
          return;
        }
        taken += next.value.length;
        await writer.write(next.value as Uint8Array<ArrayBuffer>);
      } catch {
        // The reading side has the same error, or has been left.
        if (next.done !== true) await chunks.return?.();
        return;
      }
      if (left) {
        await chunks.return?.();
        return;
      }
    }
  };
  const fed = feed();
  let given = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      given += value.length;
      if (given > limits.bytes && given > taken * limits.ratio) {
        throw new UserError(
          `Unpacks from ${taken} bytes to more than ${mebibytes(given)}, over ${limits.ratio} times its size, which no recording does. Unpack it with gunzip if it is one.`,
        );
      }
      yield value;
    }
  } catch (error) {
    // Assigned in the feeding function, which the compiler does not see.
    const cause = failed as { readonly error: unknown } | null;
    if (cause !== null) throw cause.error;
    if (error instanceof UserError) throw error;
    throw new UserError('Its gzip data is damaged or cut short. Copy the file again.');
  } finally {
    left = true;
    await reader.cancel().catch(() => {});
    await fed.catch(() => {});
  }
}
