/** AssemblyScript's own heap (TLSF, `--runtime minimal`) under the engine's own workload sources. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import asc from 'assemblyscript/asc';

/** The public functions of engine/allocator/wrappers.ts over the runtime's heap. */
const wrappers = `
export function malloc(size: usize): usize { return heap.alloc(size); }
export function free(ptr: usize): void { heap.free(ptr); }
export function calloc(count: usize, size: usize): usize {
  const ptr = heap.alloc(count * size);
  memory.fill(ptr, 0, count * size);
  return ptr;
}
export function realloc(ptr: usize, size: usize): usize { return heap.realloc(ptr, size); }
// The heap aligns to 16 and knows no more.
export function aligned_alloc(align: usize, size: usize): usize { return align <= 16 ? heap.alloc(size) : 0; }
export function usable_size(ptr: usize): usize { return 0; }
`;
const entry = `
export { malloc, free } from '../allocator/wrappers';
export { floor } from './floor';
export { random_mixed, random_mixed_drain } from './random_mixed';
`;
const withTraces = `${entry}export { trace_drain, trace_replay } from './trace';\n`;

/**
 * Path of the module, compiled into `cacheDir` where it is not there yet. Throws an `Error` with asc's messages.
 *
 * @param tables bytes at the bottom of the memory that the host keeps for its tables
 */
export async function tlsfModule(root: string, cacheDir: string, tables: number): Promise<string> {
  const workloads = path.join(root, 'engine/workloads');
  const main = existsSync(path.join(workloads, 'trace.ts')) ? withTraces : entry;
  const replaced = new Map([
    ['engine/workloads/tlsf_main.ts', main],
    ['engine/allocator/wrappers.ts', wrappers],
  ]);
  const args = [
    ...[
      'engine/workloads/tlsf_main.ts',
      '--outFile',
      'tlsf.wasm',
      '-O3',
      '--noAssert',
      '--runtime',
      'minimal',
    ],
    ...['--importMemory', '--enable', 'threads', '--memoryBase', String(tables), '--noColors'],
    ...['--initialMemory', String(tables / 65536 + 16), '--maximumMemory', '65536', '--sharedMemory'],
  ];
  const messages: string[] = [];
  let wasm: Uint8Array | null = null;
  const { error } = await asc.main(args, {
    readFile: (name, baseDir) => {
      const file = path.resolve(root, baseDir, name);
      return replaced.get(name) ?? (existsSync(file) ? readFileSync(file, 'utf8') : null);
    },
    writeFile: (_name, contents) => {
      if (contents instanceof Uint8Array) wasm = contents;
    },
    listFiles: () => [],
    stderr: {
      write: (text) => {
        messages.push(String(text));
      },
    },
  });
  if (error !== null || wasm === null)
    throw new Error(messages.join('').trim() || (error?.message ?? 'no output'));
  const key = createHash('sha256').update(wasm).digest('hex').slice(0, 16);
  const file = path.join(cacheDir, `tlsf-${key}.wasm`);
  mkdirSync(cacheDir, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, wasm);
  renameSync(`${file}.${process.pid}`, file);
  return file;
}
