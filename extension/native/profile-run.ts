/**
 * A profile and counters of a program: perf where it can record, else callgrind; counters by `perf stat` where the
 * processor has them, else callgrind's. The harness's timed passes alone are recorded, other programs as a whole.
 */
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { NativeCounters, RawProfile } from '../model-profile.ts';
import { type BenchCounters, UserError } from '../model.ts';
import { callgrindImporter } from '../profile/import/callgrind.ts';
import { callgrindCounters, callgrindTotals, runCallgrind, timedFunctions } from './callgrind-run.ts';
import { perfStat, statCounters } from './counters.ts';
import { readPerfData } from './perf-data.ts';
import { type CallGraph, perfRecord } from './perf-record.ts';
import { type Preflight, preflight, requireRecorder } from './preflight.ts';
import { type ProcessOutcome, runProcess } from './process.ts';
import { withSources } from './sources.ts';
import type { SymbolCache } from './symbolize.ts';

/** Samples a second where nothing else is asked for; prime to what programs do in whole milliseconds. */
export const usualFrequency = 4999;

export interface RecordRequest {
  readonly command: readonly [string, ...string[]];
  /** What the program's environment has beyond ours (null: without it); no tool sees it. */
  readonly programEnv: Readonly<Record<string, string | null>>;
  readonly cwd?: string;
  /** Null for what fits this machine best; `Ir` and callgrind's other events ask for callgrind. */
  readonly event: string | null;
  readonly frequency: number;
  readonly callGraph: CallGraph;
  readonly env?: NodeJS.ProcessEnv;
  readonly cache?: SymbolCache;
  readonly signal?: AbortSignal | undefined;
  /** Ends the program early; what was recorded of it is the result. */
  readonly stop?: AbortSignal | undefined;
  /** The same, so long after the program was started. */
  readonly seconds?: number | null;
  readonly onOutput?: (bytes: Uint8Array) => void;
  readonly onErrorLine?: (line: string) => void;
  readonly onProgress?: (message: string) => void;
}

export interface Recorded {
  readonly raw: RawProfile;
  readonly end: ProcessOutcome;
}

const callgrindEvents: readonly string[] = [
  ...['Ir', 'Dr', 'Dw', 'I1mr', 'D1mr', 'D1mw', 'ILmr', 'DLmr', 'DLmw', 'Bc', 'Bcm', 'Bi', 'Bim'],
];

/** A folder that is gone when `body` has ended, however it ends. */
async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'alloc-lens-profile-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** FIFOs between the harness and perf. */
async function makeFifos(folder: string): Promise<{ readonly commands: string; readonly answers: string }> {
  const [commands, answers] = [path.join(folder, 'commands'), path.join(folder, 'answers')];
  const made = await runProcess('mkfifo', ['-m', '600', commands, answers], {});
  if (made.status !== 0) throw new UserError(`FIFOs cannot be made in ${folder}: ${made.stderr.trim()}`, 3);
  return { commands, answers };
}

/** Highest frequency that the kernel takes. */
async function allowed(frequency: number): Promise<number> {
  try {
    const most = Number(await readFile('/proc/sys/kernel/perf_event_max_sample_rate', 'utf8'));
    return most > 0 ? Math.min(frequency, most) : frequency;
  } catch {
    return frequency;
  }
}

/** What is to be recorded with, and what the user is told of the choice. */
function chosen(
  event: string | null,
  found: Preflight,
): { tool: 'perf' | 'callgrind'; event: string; notes: readonly string[] } {
  if (event === null) return { ...requireRecorder(found), notes: found.notes };
  if (callgrindEvents.includes(event)) {
    if (found.valgrind === null) {
      throw new UserError(
        `${event} is counted by valgrind, which is not installed: \`apt install valgrind\``,
        3,
      );
    }
    return { tool: 'callgrind', event, notes: [] };
  }
  if (!found.cpuClock) {
    const [lack] = found.lacks;
    throw new UserError(
      `perf cannot record ${event} here${lack === undefined ? '' : `: ${lack.what}: ${lack.remedy}`}`,
      3,
    );
  }
  return { tool: 'perf', event, notes: [] };
}

async function callgrindProfile(file: string, event: string, request: RecordRequest): Promise<RawProfile> {
  const { signal, env, cache } = request;
  const raw = await callgrindImporter.read(createReadStream(file), { event, thread: null, signal });
  return withSources(raw, {
    ...(env === undefined ? {} : { env }),
    signal,
    ...(cache === undefined ? {} : { cache }),
  });
}

/** Which of a program's doings are recorded. */
interface Part {
  /** Whether it is the harness, which takes `control=FOLDER`. */
  readonly harness: boolean;
  /** Throws where the program did not do what it should. */
  readonly check: (end: ProcessOutcome) => Promise<unknown>;
}

async function record(request: RecordRequest, found: Preflight, part: Part): Promise<Recorded> {
  const choice = chosen(request.event, found);
  const { env, signal, cache, onOutput, onErrorLine } = request;
  if (request.stop?.aborted) throw new UserError('the recording was stopped before it began', 3);
  const limit = request.seconds == null ? [] : [AbortSignal.timeout(request.seconds * 1000)];
  const stops = request.stop === undefined ? limit : [...limit, request.stop];
  const stop = stops.length > 0 ? AbortSignal.any(stops) : undefined;
  const common = {
    programEnv: request.programEnv,
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    ...(env === undefined ? {} : { env }),
    ...{ signal, stop },
    ...(onOutput === undefined ? {} : { onOutput }),
    ...(onErrorLine === undefined ? {} : { onErrorLine }),
  };
  return inFolder(async (folder) => {
    if (choice.tool === 'callgrind') {
      const only = part.harness ? timedFunctions : [];
      const end = await runCallgrind({ ...common, command: request.command, folder, only });
      await part.check(end);
      request.onProgress?.('reading the recording');
      const raw = await callgrindProfile(end.file, choice.event, request);
      return { raw: { ...raw, notes: [...choice.notes, ...raw.notes] }, end };
    }
    const control = part.harness ? await makeFifos(folder) : null;
    const end = await perfRecord({
      ...common,
      command: part.harness ? [...request.command, `control=${folder}`] : request.command,
      event: choice.event,
      frequency: await allowed(request.frequency),
      callGraph: request.callGraph,
      file: path.join(folder, 'perf.data'),
      control,
    });
    await part.check(end);
    request.onProgress?.('reading the recording');
    try {
      const raw = await readPerfData(path.join(folder, 'perf.data'), {
        ...{ event: null, thread: null, launcher: end.launcher, signal },
        ...(env === undefined ? {} : { env }),
        ...(cache === undefined ? {} : { cache }),
      });
      return { raw: { ...raw, notes: [...choice.notes, ...raw.notes] }, end };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(withoutFolder(error.message, folder), error.exitCode);
    }
  });
}

/** Our own temporary file means nothing to the user. */
function withoutFolder(message: string, folder: string): string {
  return message.replaceAll(path.join(folder, 'perf.data'), 'the recording');
}

/** Records a whole program. Throws one clear line where nothing can record. */
export async function recordProgram(request: RecordRequest): Promise<Recorded> {
  const found = await preflight({
    ...(request.env === undefined ? {} : { env: request.env }),
    signal: request.signal,
  });
  return record(request, found, { harness: false, check: async () => {} });
}

export interface HarnessProfileRequest {
  readonly binary: string;
  /** The harness's arguments for a run of so many passes with this share of a pass's iterations. */
  readonly args: (size: { readonly passes: number; readonly share: number }) => readonly string[];
  readonly programEnv: Readonly<Record<string, string | null>>;
  /** Passes that were timed, nanoseconds of one, and its operations. */
  readonly passes: number;
  readonly passNs: number;
  readonly operations: number;
  /** Whether fewer iterations are the same work (not so for traces). */
  readonly scalable: boolean;
  readonly sample: boolean;
  readonly counters: boolean;
  readonly env?: NodeJS.ProcessEnv;
  readonly cache?: SymbolCache;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (message: string) => void;
  /** Throws where a run was not a good one, and tells how many operations a pass of it had. */
  readonly check: (end: ProcessOutcome, passes: number) => Promise<number>;
}

export interface HarnessProfile {
  /** Null when none was asked for. */
  readonly raw: RawProfile | null;
  readonly native: NativeCounters | null;
  readonly counters: BenchCounters | null;
}

/** Nanoseconds of timed passes that give enough samples for lines of a percent. */
const sampledNs = 4e9;
const countedNs = 1e9;
/** Operations that are enough under callgrind, which takes some hundred times as long. */
const callgrindOperations = 200_000;
const callgrindPasses = 2;

const asCounters = (c: NativeCounters, memoryOpsPerOp: number | null): BenchCounters => ({
  unit: 'x86',
  instructionsPerOp: c.instructionsPerOp,
  branchesPerOp: c.branchesPerOp,
  memoryOpsPerOp,
  callsPerOp: null,
  native: c,
});

/** Profile and counters of the harness's timed passes, each in a fresh process. */
export async function profileHarness(request: HarnessProfileRequest): Promise<HarnessProfile> {
  const { env, signal } = request;
  const found = await preflight({ ...(env === undefined ? {} : { env }), signal });
  let raw: RawProfile | null = null;
  let counted: Counted | null = null;
  if (request.counters) {
    request.onProgress?.('counting');
    if (found.cycles)
      counted = await forLong(request, countedNs, (passes) => hardwareCounters(request, passes));
  }
  if (request.sample && requireRecorder(found).tool === 'perf') {
    raw = await forLong(request, sampledNs, (passes) => sampled(request, found, passes));
  }
  const byCallgrind = (request.sample && raw === null) || (request.counters && counted === null);
  if (byCallgrind) {
    if (found.valgrind === null) {
      const note = found.lacks.map((l) => `${l.what}: ${l.remedy}`).join('; ');
      if (raw === null) throw new UserError(`instructions cannot be counted here: ${note}`, 3);
      raw = { ...raw, notes: [...raw.notes, `Instructions were not counted: ${note}.`] };
    } else {
      request.onProgress?.('counting instructions (callgrind)');
      const done = await underCallgrind(request, found, request.sample && raw === null);
      raw ??= done.raw;
      if (request.counters) counted ??= done.counted;
    }
  }
  return {
    raw,
    native: counted?.native ?? null,
    counters: counted === null ? null : asCounters(counted.native, counted.memoryOpsPerOp),
  };
}

interface Counted {
  readonly native: NativeCounters;
  readonly memoryOpsPerOp: number | null;
}

function common(request: HarnessProfileRequest) {
  const { env, signal, programEnv } = request;
  return {
    programEnv,
    ...(env === undefined ? {} : { env }),
    signal,
    onErrorLine: (line: string): void => {
      const m = /^pass (\d+) of (\d+)$/.exec(line);
      if (m !== null) request.onProgress?.(`recording, pass ${m[1]} of ${m[2]}`);
    },
  };
}

/**
 * Tries as many passes as take that long, and where the program fails with them as many as it is known to do: an allocator
 * that never gives anything back has an end.
 */
async function forLong<T>(
  request: HarnessProfileRequest,
  ns: number,
  run: (passes: number) => Promise<T>,
): Promise<T> {
  const passes = Math.max(request.passes, Math.min(1000, Math.ceil(ns / Math.max(1, request.passNs))));
  try {
    return await run(passes);
  } catch (error) {
    if (!(error instanceof UserError) || passes === request.passes) throw error;
    return run(request.passes);
  }
}

async function hardwareCounters(request: HarnessProfileRequest, passes: number): Promise<Counted | null> {
  return inFolder(async (folder) => {
    const control = await makeFifos(folder);
    const args = [...request.args({ passes, share: 1 }), `control=${folder}`];
    const { outcome, counts } = await perfStat({
      ...common(request),
      ...{ command: [request.binary, ...args], folder, control },
    });
    const operations = await request.check(outcome, passes);
    const native = statCounters(counts, operations * passes);
    return native === null ? null : { native, memoryOpsPerOp: null };
  });
}

async function sampled(
  request: HarnessProfileRequest,
  found: Preflight,
  passes: number,
): Promise<RawProfile> {
  const args = request.args({ passes, share: 1 });
  const { raw } = await record(
    {
      ...common(request),
      command: [request.binary, ...args],
      ...{ event: null, frequency: usualFrequency, callGraph: 'fp' },
      ...(request.cache === undefined ? {} : { cache: request.cache }),
      ...(request.onProgress === undefined ? {} : { onProgress: request.onProgress }),
    },
    found,
    { harness: true, check: (end) => request.check(end, passes) },
  );
  return raw;
}

async function underCallgrind(
  request: HarnessProfileRequest,
  found: Preflight,
  profile: boolean,
): Promise<{ readonly raw: RawProfile | null; readonly counted: Counted }> {
  return inFolder(async (folder) => {
    const share = request.scalable ? Math.min(1, callgrindOperations / Math.max(1, request.operations)) : 1;
    const passes = request.scalable ? callgrindPasses : 1;
    const args = request.args({ passes, share });
    const end = await runCallgrind({
      ...common(request),
      ...{ command: [request.binary, ...args], folder, only: timedFunctions },
    });
    const operations = await request.check(end, passes);
    const totals = await callgrindTotals(end.file);
    if (!((totals.get('Ir') ?? 0) > 0)) throw new UserError('callgrind saw nothing of the timed passes', 3);
    const { counters, memoryOpsPerOp } = callgrindCounters(totals, operations * passes);
    const counted = { native: counters, memoryOpsPerOp };
    if (!profile) return { raw: null, counted };
    const raw = await callgrindProfile(end.file, 'Ir', {
      ...common(request),
      command: [request.binary],
      ...{ event: 'Ir', frequency: usualFrequency, callGraph: 'fp' },
      ...(request.cache === undefined ? {} : { cache: request.cache }),
    });
    return { raw: { ...raw, notes: [...found.notes, ...raw.notes] }, counted };
  });
}
