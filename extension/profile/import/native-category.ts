/** Category of a native program's frame, where nobody who ran it knows better: by its object, then by its name. */
import type { FunctionCategory, TargetIdentity } from '../../model.ts';
import type { RawFrame } from '../../model-profile.ts';
import { categoryOfBox } from '../category.ts';

/** `[kernel.kallsyms]`, `[guest.kernel.kallsyms]`, `[k]`, modules (`[nf_tables]`, `x.ko.xz`), `vmlinux`, BPF programs. */
const kernelObject =
  /^\[(?!vdso\]|vsyscall\]|unknown\]|heap\]|stack|anon|vvar|uprobes\])|(^|\/)vmlinu[xz]|\.ko(\.\w+)?$/;
const systemFolder = /^\/(usr\/)?lib(32|64|x32)?\//;
const systemLibrary =
  /(^|\/)(ld-(linux|musl)\b|ld-\d|(lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+|c\+\+|c\+\+abi|unwind|resolv|util|nss_\w+))(-[\d.]+)?\.(so|dylib)\b)/;
const sharedObject = /\.(so|dylib)(\.[\w.]+)?( \(deleted\))?$/;
/** What of the C library is its allocator. */
const libcAllocator =
  /malloc|calloc|realloc|memalign|tcache|arena|systrim|(^|_)c?free(_|$)|alloc_perturb|unlink_chunk/;

const withoutFolders = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * The rule for the frames of one recording. The target's own objects are those named as it is; without one, whatever
 * lies outside the system's folders. The functions of own objects go by name (`categoryOfBox`); the kernel's are `kernel`,
 * those of other shared objects `library`, and beside an own library the program that it was loaded into is `benchmark`.
 */
export function nativeCategory(
  target: TargetIdentity,
  objects: Iterable<string | null>,
): (frame: RawFrame) => FunctionCategory {
  const wanted = withoutFolders(target.name);
  const isTarget = (object: string): boolean =>
    object === target.name || (wanted !== '' && withoutFolders(object) === wanted);
  let preloaded = false;
  for (const object of objects) {
    if (object !== null && isTarget(object) && sharedObject.test(object)) preloaded = true;
  }
  return ({ name, object }) => {
    if (object === null || object === '') return categoryOfBox(name);
    if (kernelObject.test(object)) return 'kernel';
    if (isTarget(object)) return categoryOfBox(name);
    const system = object.startsWith('[') || systemFolder.test(object) || systemLibrary.test(object);
    if (system) {
      return target.name === 'system' && systemLibrary.test(object) && libcAllocator.test(name)
        ? categoryOfBox(name)
        : 'library';
    }
    if (sharedObject.test(object)) return preloaded ? 'library' : categoryOfBox(name);
    return preloaded ? 'benchmark' : categoryOfBox(name);
  };
}
