/** Builds the engine's variants into dist/engine, with a manifest. Does nothing when their inputs have not changed. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileEngine, inputsHash, sourceFunctions } from '../engine/host/compile.ts';
import type { Manifest, ManifestModule } from '../engine/host/manifest.ts';
import { flagsOf, variants } from '../engine/host/variants.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const out = path.join(root, 'dist/engine');

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

function upToDate(inputs: string): boolean {
  const file = path.join(out, 'manifest.json');
  if (!existsSync(file)) return false;
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  return (
    manifest.inputs === inputs &&
    [...manifest.modules, manifest.costs].every(
      (m) => existsSync(path.join(out, m.file)) && sha256(readFileSync(path.join(out, m.file))) === m.sha256,
    )
  );
}

/** A module of its own, so that the timed ones stay as they are. */
async function buildCosts(): Promise<Manifest['costs']> {
  const { wasm } = await compileEngine(root, { keepCalls: [] }, {}, 'engine/workloads/costs.ts');
  writeFileSync(path.join(out, 'costs.wasm'), wasm);
  return { file: 'costs.wasm', sha256: sha256(wasm) };
}

export async function buildEngine(): Promise<void> {
  const inputs = inputsHash(root);
  if (upToDate(inputs)) return;
  mkdirSync(out, { recursive: true });
  const modules: ManifestModule[] = [];
  for (const variant of variants) {
    const flags = flagsOf(variant, {});
    const { wasm, map } = await compileEngine(root, variant, flags);
    const file = `${variant.name}.wasm`;
    writeFileSync(path.join(out, file), wasm);
    writeFileSync(path.join(out, `${file}.map`), map);
    modules.push({ variant: variant.name, file, sha256: sha256(wasm), flags });
  }
  const costs = await buildCosts();
  const manifest: Manifest = { version: 1, inputs, modules, costs, functions: sourceFunctions(root) };
  writeFileSync(path.join(out, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildEngine();
