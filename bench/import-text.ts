/** Text of `perf script` of any length: the stacks of a real recording of the harness, with times and addresses of their own. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { harnessBinary } from '../extension/native/harness.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const cacheDir = path.join(root, 'node_modules/.cache/alloc-lens-bench');
/** One of these follows another with its time, so that each sample's line is its own. */
const microsecondsBetween = 251;
/** A sample's address lies so many bytes behind the recorded one, at most: hot loops have many addresses. */
const addressSpread = 32;

export interface Block {
  /** Up to the time. */
  readonly before: string;
  /** From the colon after the time. */
  readonly after: string;
  /** Address and offset of the innermost frame, and the rest of the stack. */
  readonly address: number | null;
  readonly symbol: string;
  readonly offset: number;
  readonly stack: string;
}

/** Samples of `perf script` with call chains. */
export function blocksOf(text: string): Block[] {
  const out: Block[] = [];
  for (const sample of text.split('\n\n')) {
    const m = /^(.*\s)(\d+\.\d{6})(:.*)\n(\t[\s\S]*)$/.exec(sample.replace(/^\n+/, ''));
    if (m === null) continue;
    const frames = (m[4] ?? '').split('\n');
    const leaf = /^\t\s*([0-9a-f]{1,12}) (\S.*)\+0x([0-9a-f]+)( .*)$/.exec(frames[0] ?? '');
    out.push({
      before: m[1] ?? '',
      after: m[3] ?? '',
      address: leaf === null ? null : Number.parseInt(leaf[1] ?? '', 16),
      symbol: leaf?.[2] ?? '',
      offset: Number.parseInt(leaf?.[3] ?? '0', 16),
      stack: leaf === null ? frames.join('\n') : [leaf[4] ?? '', ...frames.slice(1)].join('\n'),
    });
  }
  return out;
}

/** Records the harness with call chains; its samples as text. */
export async function recordHarness(seconds: number): Promise<string> {
  const binary = await harnessBinary({
    source: path.join(root, 'extension/native/harness.c'),
    cacheDir,
    compiler: 'cc',
  });
  const folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-import-'));
  try {
    const data = path.join(folder, 'perf.data');
    const passes = String(Math.max(1, Math.round(seconds * 4)));
    const recorded = spawnSync(
      'perf',
      [
        ...['record', '-q', '-e', 'cpu-clock', '-F', '997', '--call-graph', 'dwarf,8192', '-o', data, '--'],
        ...[
          binary,
          'random_mixed',
          'iterations=4000000',
          'ws=400',
          'min=16',
          'max=1040',
          'seed=12345',
          `passes=${passes}`,
          'verify=0',
          'latency=0',
        ],
      ],
      { encoding: 'utf8' },
    );
    if (recorded.status !== 0) throw new Error(`perf record: ${recorded.stderr || recorded.error?.message}`);
    const script = spawnSync('perf', ['script', '-i', data], { encoding: 'utf8', maxBuffer: 2 ** 30 });
    if (script.status !== 0) throw new Error(`perf script: ${script.stderr}`);
    return script.stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes `samples` samples; returns the file's size in bytes. The same arguments give the same bytes. */
export function writeScript(file: string, blocks: readonly Block[], samples: number): number {
  const out = openSync(file, 'w');
  let bytes = 0;
  let text = '';
  let state = 12345;
  const flush = (): void => {
    bytes += writeSync(out, text);
    text = '';
  };
  for (let i = 0; i < samples; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const b = blocks[state % blocks.length];
    if (b === undefined) continue;
    const at = i * microsecondsBetween;
    const time = `${1000 + Math.floor(at / 1e6)}.${String(at % 1e6).padStart(6, '0')}`;
    text += `${b.before}${time}${b.after}\n`;
    if (b.address === null) text += b.stack;
    else {
      const more = (state >>> 24) % addressSpread;
      const address = (b.address + more).toString(16).padStart(16);
      text += `\t${address} ${b.symbol}+0x${(b.offset + more).toString(16)}${b.stack}`;
    }
    text += '\n\n';
    if (text.length > 1 << 20) flush();
  }
  flush();
  closeSync(out);
  return bytes;
}

/** Stacks made up, for machines without perf: 300 samples, 2 to 12 frames each. The same ones each time. */
export function inventedScript(): string {
  let out = '';
  for (let i = 0; i < 300; i++) {
    out += `bench ${100 + (i % 2)} 1000.000000:     250000 cycles:u: \n`;
    const depth = 2 + ((i * 7) % 11);
    for (let d = 0; d < depth; d++) {
      const address = (0x1000 + ((i * 37 + d * 911) % 4093) * 16).toString(16).padStart(16);
      const object = d === 0 ? '/usr/lib/x86_64-linux-gnu/libc.so.6' : '/home/user/build/bench';
      out += `\t${address} function_${(i + d * 13) % 97}+0x${(d * 8).toString(16)} (${object})\n`;
    }
    out += '\n';
  }
  return out;
}

/** Whether perf may record here. */
export function canRecord(): boolean {
  const r = spawnSync('perf', ['record', '-q', '-e', 'cpu-clock', '-o', '/dev/null', '--', 'true']);
  return r.status === 0;
}
