/** Allocators that are installed on this machine, found in the loader's own cache. */
import { runProcess } from './process.ts';

export interface InstalledAllocator {
  /** `mimalloc`, `jemalloc`, `tcmalloc` or `tcmalloc_minimal`. */
  readonly name: string;
  /** Path of the shared library. */
  readonly path: string;
}

/** Names that installed allocators are asked for by. */
export const knownAllocators: readonly string[] = ['mimalloc', 'jemalloc', 'tcmalloc', 'tcmalloc_minimal'];

const known = /^lib(mimalloc|jemalloc|tcmalloc(?:_minimal)?)\.so(?:\.\d+)*$/;

/** The loader names machines in its own words; a bare `libc6` is 32-bit x86. */
const machines: Readonly<Record<string, string>> = { x64: 'x86-64', arm64: 'AArch64' };

/** Libraries in the text of `ldconfig -p` that Node's architecture can load, the first of each name. Exposed for its test. */
export function parseLoaderCache(text: string, arch: string): InstalledAllocator[] {
  const machine = machines[arch];
  const found = new Map<string, string>();
  for (const m of text.matchAll(/^\s*(\S+) \(([^)]*)\) => (\/.*)$/gm)) {
    const name = known.exec(m[1] ?? '')?.[1];
    const file = m[3]?.trim();
    if (name === undefined || file === undefined || found.has(name)) continue;
    if (machine !== undefined && !(m[2] ?? '').includes(machine)) continue;
    found.set(name, file);
  }
  return [...found].map(([name, path]) => ({ name, path })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Installed allocators by name; empty where there is no loader cache to ask (not Linux, not glibc). */
export async function discoverAllocators(): Promise<InstalledAllocator[]> {
  if (process.platform !== 'linux') return [];
  // A user's PATH often lacks the folder that ldconfig lies in.
  for (const command of ['ldconfig', '/sbin/ldconfig', '/usr/sbin/ldconfig']) {
    const r = await runProcess(command, ['-p'], { env: { ...process.env, LC_ALL: 'C' } });
    if (r.status === 0) return parseLoaderCache(r.stdout, process.arch);
  }
  return [];
}

/** The installed allocator of that name; `tcmalloc` means the minimal one where only that is installed. */
export function allocatorNamed(
  installed: readonly InstalledAllocator[],
  name: string,
): InstalledAllocator | undefined {
  return (
    installed.find((a) => a.name === name) ??
    (name === 'tcmalloc' ? installed.find((a) => a.name === 'tcmalloc_minimal') : undefined)
  );
}
