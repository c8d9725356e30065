/** How a recording's format is known and read. */
import type { Profile } from '../../model.ts';
import type { ProfileFormat, RawProfile } from '../../model-profile.ts';

export interface ImportOptions {
  /** Event to take where a recording has several; null for the one with the most samples. */
  readonly event: string | null;
  /** Only samples of this thread (tid, or its `comm`); null for all. */
  readonly thread: string | null;
  readonly signal?: AbortSignal | undefined;
  /** Bytes read so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * One format. Readers stream: they hold what `RawProfile` holds, never the file. They run in a worker and, but for
 * formats that need a program, in a browser: only web APIs (`TextDecoder`, `DecompressionStream`), no Node.
 */
export interface Importer {
  readonly format: ProfileFormat;
  /** For a person: `perf script text`. */
  readonly title: string;
  /**
   * Whether this is the format. The content decides; a name may only break a tie.
   *
   * @param head the first bytes, at most 64 KiB, decompressed when the file is gzip
   * @param name of the file, without folders; '' when unknown
   */
  sniff(head: Uint8Array, name: string): boolean;
  /**
   * Reads a whole recording; gzip is taken off before.
   *
   * @throws UserError with one clear line when it is truncated, empty or not what `sniff` promised; AbortError on the signal
   */
  read(input: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<RawProfile>;
  /**
   * The same for a format that is a profile already, which a recording made of it would lose parts of.
   *
   * @param recordedAt ISO 8601, where the file does not say it
   */
  readProfile?(
    input: AsyncIterable<Uint8Array>,
    recordedAt: string,
    options: ImportOptions,
  ): Promise<Profile>;
}
