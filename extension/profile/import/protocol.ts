/** Messages between the import client and its worker; one worker for each import. */
import type { Profile } from '../../model.ts';
import type { BuildOptions } from './build-profile.ts';

/** A file to be read where it lies, or bytes that somebody else read (they are moved to the worker). */
export type ImportSource =
  | { readonly path: string }
  | { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> };

export interface ImportRequest {
  readonly source: ImportSource;
  /** As in `ImportOptions`. */
  readonly event: string | null;
  readonly thread: string | null;
  readonly build: Omit<BuildOptions, 'categoryOf'>;
}

export type FromImportWorker =
  /** Bytes read, packed ones where the file is packed. */
  | { readonly read: number; readonly of: number }
  | { readonly profile: Profile }
  | { readonly error: { readonly name: string; readonly message: string; readonly exitCode: 2 | 3 | null } };
