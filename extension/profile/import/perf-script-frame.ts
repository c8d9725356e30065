/** One frame of `perf script` as text, read once for each different line: `7f12 malloc+0x1f (/lib/libc.so.6)`. */
import type { RawFrame } from '../../model-profile.ts';

export const unknownName = '[unknown]';
/** Below it an address is one inside its object's file; above it, one of the process that ran, which nobody can use later. */
const fileAddressLimit = 2 ** 40;
const inlinedMark = / \(inlined\)$/;

/** Where the object in parentheses at the text's end begins, -1 without one. The object's path may hold parentheses. */
function objectStart(text: string): number {
  if (!text.endsWith(')')) return -1;
  let depth = 0;
  for (let i = text.length - 1; i >= 0; i--) {
    const c = text[i];
    if (c === ')') depth++;
    else if (c === '(' && --depth === 0) {
      if (i === 0 || text[i - 1] === ' ') return i;
      break;
    }
  }
  // Arguments of a function; or a path whose parentheses are not in pairs, which begins with its root.
  return text.lastIndexOf(' (/') + 1 || -1;
}

function place(text: string): Pick<RawFrame, 'file' | 'line'> {
  const m = /^(.+):(\d{1,9})$/.exec(text.replace(/ \(discriminator \d+\)$/, ''));
  const file = m?.[1] ?? '??';
  const line = Number(m?.[2] ?? 0);
  return file === '??' || line === 0 ? { file: null, line: null } : { file, line };
}

/** A frame, and the address as it stands there: frames that were inlined have that of the function around them. */
export interface PerfFrame {
  readonly frame: RawFrame;
  readonly ip: string;
}

/**
 * @param text a frame as perf writes it, with the line that `-F +srcline` puts below it, if any
 */
export function perfFrame(text: string): PerfFrame {
  const [above = '', below = ''] = text.split('\n', 2).map((part) => part.trim());
  const inlined = inlinedMark.test(above) || inlinedMark.test(below);
  const line = above.replace(inlinedMark, '');
  // With `-F addr` another address stands before that of the instruction.
  const head = /^(?:0x)?([0-9a-f]{1,16})(?: +(?:0x)?([0-9a-f]{8,16})(?= |$))?(?: +(.*))?$/i.exec(line);
  const rest = head === null ? line : (head[3] ?? '');
  const at = objectStart(rest);
  let object: string | null = at < 0 ? null : rest.slice(at + 1, -1);
  const symbol = (at < 0 ? rest : rest.slice(0, at)).trimEnd().replace(/\+0x[0-9a-f]+$/i, '');
  let address = head === null ? null : Number.parseInt(head[2] ?? head[1] ?? '', 16);
  const offset = object === null ? null : /\+0x([0-9a-f]{1,12})$/i.exec(object);
  if (object !== null && offset !== null) {
    object = object.slice(0, offset.index);
    address = Number.parseInt(offset[1] ?? '', 16);
  }
  if (address !== null && address >= fileAddressLimit) address = null;
  return {
    ip: head?.[2] ?? head?.[1] ?? '',
    frame: {
      name: symbol === '' ? unknownName : symbol,
      ...place(below.replace(inlinedMark, '')),
      object: object === '' || object === unknownName ? null : object,
      address,
      inlined,
    },
  };
}
