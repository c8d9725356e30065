/**
 * The engine's own sources with every atomic operation turned into a stop, and Binaryen's asyncify pass, so that an
 * instance can be suspended at each stop and go on later.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { compiledText, loadAsc } from '../compile.ts';
import { flagsOf, type Variant } from '../variants.ts';

/** A deliberate error: every cmpxchg of `file` becomes a plain store, or one attempt that always counts as successful. */
export interface Mutation {
  /** Base name of a file of engine/allocator. */
  readonly file: string;
  readonly kind: 'as_store' | 'once';
}

const operations = ['load', 'store', 'add', 'sub', 'and', 'or', 'xor', 'xchg', 'cmpxchg', 'wait', 'notify'];
const callPattern = new RegExp(`\\batomic\\.(${operations.join('|')})\\b`, 'g');

/** Files of scenarios, and the file of engine/allocator that each is about. */
const scenarioFiles = [
  { file: 'engine/workloads/model_scenarios.ts', needs: 'engine/allocator/lock.ts' },
  { file: 'engine/workloads/model_spill.ts', needs: 'engine/allocator/tiny_bg_spill.ts' },
];

/** The source text with stops; `name` is the file's path from the root. */
export function withStops(name: string, text: string, mutation?: Mutation): string {
  const used = new Set<string>();
  const mutated = mutation !== undefined && path.posix.basename(name) === mutation.file;
  const body = text.replace(callPattern, (_, operation: string) => {
    const call = mutated && operation === 'cmpxchg' ? `mc_cmpxchg_${mutation.kind}` : `mc_${operation}`;
    used.add(call);
    return call;
  });
  if (used.size === 0) {
    if (mutated) throw new Error(`${name} has no atomic operation to mutate`);
    return text;
  }
  // A lock's many tries before it sleeps become two: its sleep is reached in few steps.
  const short = path.posix.basename(name) === 'lock.ts' ? body.replace(/\b127\b/, '2') : body;
  // On the first line, so that line numbers stay.
  return `import { ${[...used].join(', ')} } from '../workloads/model_yield'; ${short}`;
}

interface GlobalInfo {
  readonly name: string;
  readonly mutable: boolean;
}
interface BinaryenModule {
  runPasses(passes: readonly string[]): void;
  getNumGlobals(): number;
  getGlobalByIndex(index: number): number;
  addGlobalExport(internal: string, external: string): number;
}
interface Binaryen {
  setPassArgument(name: string, value: string | null): void;
  getGlobalInfo(global: number): GlobalInfo;
}

/** The model's module. Mutable globals are exported as `global:NAME`: with the memory they are a thread's whole state. */
export async function compileModel(
  root: string,
  variant: Pick<Variant, 'flags'>,
  mutation?: Mutation,
): Promise<WebAssembly.Module> {
  const asc = await loadAsc(root);
  const flags = flagsOf({ name: 'model', keepCalls: 'all', ...variant }, {});
  class Stops {
    declare binaryen: Binaryen;
    afterCompile(module: BinaryenModule): void {
      for (let i = 0; i < module.getNumGlobals(); i++) {
        const { name, mutable } = this.binaryen.getGlobalInfo(module.getGlobalByIndex(i));
        if (mutable) module.addGlobalExport(name, `global:${name}`);
      }
      this.binaryen.setPassArgument('asyncify-imports', 'mc.step');
      module.runPasses(['asyncify']);
      this.binaryen.setPassArgument('asyncify-imports', null);
    }
  }
  let wasm: string | Uint8Array | undefined;
  const messages: string[] = [];
  const mutatedFiles: string[] = [];
  const { error } = await asc.main(
    [
      ...scenarioFiles.filter((s) => existsSync(path.join(root, s.needs))).map((s) => s.file),
      ...['--outFile', 'model.wasm', '-O1', '--runtime', 'stub', '--importMemory', '--sharedMemory'],
      ...['--initialMemory', '32', '--maximumMemory', '65536', '--zeroFilledMemory', '--enable', 'threads'],
      ...['--memoryBase', '1024', '--noColors'],
    ],
    {
      readFile: (name, baseDir) => {
        const file = path.resolve(root, baseDir, name);
        if (!existsSync(file)) return null;
        const text = compiledText(name, readFileSync(file, 'utf8'), flags, 'all');
        if (!name.startsWith('engine/allocator/')) return text;
        if (path.posix.basename(name) === mutation?.file) mutatedFiles.push(name);
        return withStops(name, text, mutation);
      },
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm')) wasm = contents;
      },
      listFiles: () => [],
      stderr: { write: (text) => void messages.push(text) },
      transforms: [Stops],
    },
  );
  if (error !== null || !(wasm instanceof Uint8Array)) {
    throw new Error(`asc failed: ${messages.join('').trim() || (error?.message ?? 'no output')}`);
  }
  if (mutation !== undefined && mutatedFiles.length === 0) {
    throw new Error(`the model does not contain ${mutation.file}`);
  }
  return new WebAssembly.Module(new Uint8Array(wasm));
}
