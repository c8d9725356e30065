/** Library functions that write a text into a buffer, also under a prefix of the project's (`my_strlcpy`). */

export type FormatArgument = unknown;

/** What a function of this name does to the buffer that is its first argument; null for anything else. */
export function copies(name: string): 'copy' | 'append' | 'bytes' | 'format' | null {
  const m =
    /(?:^|_)(strn?cpy|strlcpy|stpcpy|strn?cat|strlcat|mem(?:p|move|cpy)*|v?sn?printf)(_s)?$/.exec(
      name,
    )?.[1] ?? null;
  if (m === null) return null;
  if (m.endsWith('printf')) return m.startsWith('v') || m === 'printf' ? null : 'format';
  if (m.startsWith('mem')) return /^mem(cpy|move|pcpy)$/.test(m) ? 'bytes' : null;
  return m.endsWith('cat') ? 'append' : 'copy';
}

/** `printf`'s conversions of strings and whole numbers; undefined when an argument is not known. */
export function formatted(format: string, args: readonly FormatArgument[]): string | undefined {
  let at = 0;
  let known = true;
  const text = format.replace(
    /%(%|[-+ #0]*\d*(?:\.\d+)?(?:hh|h|ll|l|z|j|t)?([a-zA-Z]))/g,
    (_, all: string, kind: string) => {
      if (all === '%') return '%';
      const v = args[at++];
      if (kind === 's' && typeof v === 'string') return v;
      if (/[diu]/.test(kind ?? '') && typeof v === 'number') return String(v);
      if (kind === 'c' && typeof v === 'number') return String.fromCharCode(v);
      known = false;
      return '';
    },
  );
  return known ? text : undefined;
}
