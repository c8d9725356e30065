/**
 * WebAssembly source maps: one generated line, whose columns are byte offsets in the binary. Format: ECMA-426 (source
 * map revision 3), mappings in base64 VLQ.
 */

export interface SourcePosition {
  readonly source: string;
  /** 1-based. */
  readonly line: number;
}

/** Byte offsets to source lines; offsets ascend, a null position ends the one before it. */
export interface WasmSourceMap {
  readonly offsets: readonly number[];
  readonly positions: readonly (SourcePosition | null)[];
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function decodeVlq(segment: string): number[] {
  const out: number[] = [];
  let value = 0;
  let scale = 1;
  for (const ch of segment) {
    const digit = digits.indexOf(ch);
    if (digit < 0) throw new Error(`source map: bad character ${JSON.stringify(ch)} in mappings`);
    value += (digit & 31) * scale;
    scale *= 32;
    if ((digit & 32) !== 0) continue;
    out.push(value % 2 === 1 ? -Math.floor(value / 2) : value / 2);
    value = 0;
    scale = 1;
  }
  return out;
}

/** Parses a `.wasm.map`. @throws Error when it is not a source map of revision 3. */
export function parseSourceMap(json: string): WasmSourceMap {
  const map: unknown = JSON.parse(json);
  if (typeof map !== 'object' || map === null || !('mappings' in map) || !('sources' in map)) {
    throw new Error('source map: not a revision 3 map');
  }
  const { mappings, sources } = map;
  if (typeof mappings !== 'string' || !Array.isArray(sources))
    throw new Error('source map: not a revision 3 map');
  const offsets: number[] = [];
  const positions: (SourcePosition | null)[] = [];
  let offset = 0;
  let sourceIndex = 0;
  let line = 0;
  for (const segment of mappings.split(';', 1).join('').split(',')) {
    if (segment === '') continue;
    const [dOffset = 0, dSource, dLine] = decodeVlq(segment);
    offset += dOffset;
    sourceIndex += dSource ?? 0;
    line += dLine ?? 0;
    const source: unknown = sources[sourceIndex];
    offsets.push(offset);
    positions.push(dSource === undefined || typeof source !== 'string' ? null : { source, line: line + 1 });
  }
  return { offsets, positions };
}

/** Position of the instruction at `offset`, looking back no further than `from` (the start of its function). */
export function positionAt(map: WasmSourceMap, offset: number, from: number): SourcePosition | null {
  let low = 0;
  let high = map.offsets.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((map.offsets[mid] ?? 0) <= offset) low = mid + 1;
    else high = mid;
  }
  const at = low - 1;
  return at < 0 || (map.offsets[at] ?? 0) < from ? null : (map.positions[at] ?? null);
}
