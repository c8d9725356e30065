/** dist/engine/manifest.json: which modules were built, from what, and where each function stands in the sources. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../extension/model.ts';
import type { SourceFunction } from './compile.ts';

export interface ManifestModule {
  readonly variant: string;
  /** File name beside the manifest; the source map is `file` + `.map`. */
  readonly file: string;
  readonly sha256: string;
  readonly flags: Readonly<Record<string, number>>;
}

export interface Manifest {
  readonly version: 1;
  /** SHA-256 of everything that the modules were built from. */
  readonly inputs: string;
  readonly modules: readonly ManifestModule[];
  /** Of engine/workloads/costs.ts, for cost calibration only. */
  readonly costs: { readonly file: string; readonly sha256: string };
  readonly functions: readonly SourceFunction[];
}

/** Reads the manifest in `distDir`/engine. Throws `UserError` when the engine was not built. */
export function readManifest(distDir: string): Manifest {
  const file = path.join(distDir, 'engine', 'manifest.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  } catch {
    throw new UserError(`the engine is not built (${file} cannot be read): run \`npm run build\``, 3);
  }
}
