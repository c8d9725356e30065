/** From a requested variant, flags and gates to the module file that answers the request. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UserError } from '../../extension/model.ts';
import { compileEngine } from './compile.ts';
import type { Manifest } from './manifest.ts';
import { envGates, flagDefaults, flagsOf, readsEnvironment, variants } from './variants.ts';

export interface ResolvedModule {
  readonly file: string;
  readonly sha256: string;
  readonly flags: Readonly<Record<string, number>>;
  /** Removes what was compiled for this request alone. */
  dispose(): void;
}

function flagValues(flags: Readonly<Record<string, string>>): Record<string, number> {
  const out: Record<string, number> = {};
  for (const [name, text] of Object.entries(flags)) {
    if (!Object.hasOwn(flagDefaults, name)) {
      throw new UserError(
        `unknown compile flag ${name}: the engine has ${Object.keys(flagDefaults).join(', ')}`,
      );
    }
    // `--flag NAME` without a value arrives as an empty text and means 1, as -D does in C.
    const value = text === '' ? 1 : Number(text);
    if (!Number.isInteger(value) || value < 0 || value > 255) {
      throw new UserError(`compile flag ${name} takes a whole number from 0 to 255, not ${text}`);
    }
    out[name] = value;
  }
  return out;
}

function checkGates(
  env: Readonly<Record<string, string>>,
  variant: string,
  flags: Readonly<Record<string, number>>,
): void {
  for (const name of Object.keys(env)) {
    if (!envGates.includes(name)) {
      throw new UserError(`unknown environment gate ${name}: the engine reads ${envGates.join(', ')}`);
    }
    if (!readsEnvironment(flags)) {
      throw new UserError(
        `${variant} has its gates fixed at compile time, so ${name} has no effect: use --variant standard`,
      );
    }
  }
}

/** `counted` is `fast`, instrumented by the runner. */
export function moduleVariant(variant: string): string {
  return variant === 'counted' ? 'fast' : variant;
}

/** Throws `UserError` for unknown variants, flags and gates, and when a combination cannot be compiled here. */
export async function resolveModule(
  manifest: Manifest,
  distDir: string,
  variantName: string,
  flagTexts: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
): Promise<ResolvedModule> {
  const name = moduleVariant(variantName);
  const variant = variants.find((v) => v.name === name);
  const entry = manifest.modules.find((m) => m.variant === name);
  if (variant === undefined || entry === undefined) {
    const known = [...manifest.modules.map((m) => m.variant), 'counted'];
    throw new UserError(`unknown variant ${variantName}: the engine has ${known.join(', ')}`);
  }
  const overrides = flagValues(flagTexts);
  const flags = flagsOf(variant, overrides);
  checkGates(env, variantName, flags);
  if (Object.entries(flags).every(([k, v]) => entry.flags[k] === v)) {
    const file = path.join(distDir, 'engine', entry.file);
    return { file, sha256: entry.sha256, flags, dispose: () => {} };
  }
  const { wasm, map } = await compileEngine(path.resolve(distDir, '..'), variant, flags);
  const dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-engine-'));
  const file = path.join(dir, `${name}.wasm`);
  writeFileSync(file, wasm);
  writeFileSync(`${file}.map`, map);
  return {
    file,
    sha256: createHash('sha256').update(wasm).digest('hex'),
    flags,
    dispose: () => rmSync(dir, { recursive: true, force: true }),
  };
}
