/** The plan of a soak, read back from its file and believed only where every part is what it has to be. */
import type { ExperimentWork, MachineState, SideSpec } from '../model-experiment.ts';
import type { SoakLimits, SoakPlan, SoakProcess } from '../model-soak.ts';
import { UserError } from '../model.ts';
import type { SoakHead } from './soak-csv.ts';

type Fields = Readonly<Record<string, unknown>>;

const workloads = ['random_mixed', 'larson', 'pc', 'mstress', 'trace'] as const;

function bad(what: string): never {
  throw new UserError(`the soak's file has no usable plan (${what}): begin a new soak`);
}

function fields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) bad(what);
  return value as Fields;
}

function own(of: Fields, name: string): unknown {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

function text(of: Fields, name: string): string {
  const value = own(of, name);
  return typeof value === 'string' && value.length <= 4096 ? value : bad(name);
}

function number(of: Fields, name: string, low: number, high: number): number {
  const value = own(of, name);
  return typeof value === 'number' && value >= low && value <= high ? value : bad(name);
}

function whole(of: Fields, name: string): number | null {
  const value = own(of, name);
  if (value === null) return null;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : bad(name);
}

function flag(of: Fields, name: string): boolean {
  const value = own(of, name);
  return typeof value === 'boolean' ? value : bad(name);
}

function settings(of: Fields, name: string): Record<string, string> {
  const given = fields(own(of, name), name);
  const out: Record<string, string> = Object.create(null);
  for (const key of Object.keys(given)) out[key] = text(given, key);
  return out;
}

function sideSpec(value: unknown, what: string): SideSpec {
  const of = fields(value, what);
  return {
    target: text(of, 'target'),
    variant: text(of, 'variant'),
    preset: own(of, 'preset') === null ? null : text(of, 'preset'),
    flags: settings(of, 'flags'),
    env: settings(of, 'env'),
  };
}

function workOf(value: unknown): ExperimentWork {
  const of = fields(value, 'work');
  const trace = own(of, 'trace') === null ? null : fields(own(of, 'trace'), 'trace');
  return {
    workload: workloads.find((w) => w === own(of, 'workload')) ?? bad('workload'),
    profile: text(of, 'profile'),
    trace: trace === null ? null : { file: text(trace, 'file'), flatten: flag(trace, 'flatten') },
    iterations: whole(of, 'iterations'),
    workingSet: whole(of, 'workingSet'),
    min: whole(of, 'min'),
    max: whole(of, 'max'),
    seed: whole(of, 'seed') ?? bad('seed'),
    threads: whole(of, 'threads'),
  };
}

function limitsOf(value: unknown): SoakLimits {
  const of = fields(value, 'limits');
  return {
    drift: number(of, 'drift', 0, 1e9),
    systemCalls: number(of, 'systemCalls', 0, 1e9),
    cv: number(of, 'cv', 0, 1e9),
  };
}

function processOf(value: unknown, what: string): SoakProcess {
  const of = fields(value, what);
  const sha256 = own(of, 'sha256') === null ? null : text(of, 'sha256');
  return { sha256, systemCallsExact: flag(of, 'systemCallsExact') };
}

function machineOf(value: unknown): MachineState {
  const of = fields(value, 'machine');
  const nullable = <T>(name: string, read: (of: Fields, name: string) => T): T | null =>
    own(of, name) === null ? null : read(of, name);
  const list = (name: string): readonly unknown[] => {
    const items = own(of, name);
    return Array.isArray(items) && items.length <= 4096 ? items : bad(name);
  };
  return {
    cpu: text(of, 'cpu'),
    cores: whole(of, 'cores') ?? bad('cores'),
    kernel: text(of, 'kernel'),
    runtime: text(of, 'runtime'),
    governor: nullable('governor', text),
    turbo: nullable('turbo', flag),
    load: nullable('load', (o, n) => number(o, n, 0, 1e9)),
    container: flag(of, 'container'),
    pinned:
      own(of, 'pinned') === null
        ? null
        : list('pinned').map((n) => (typeof n === 'number' ? n : bad('pinned'))),
    flags: list('flags').map((f) => (typeof f === 'string' ? f : bad('flags'))),
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return bad('not JSON');
  }
}

/** Bounds of a plan; the command line's are the same. */
export const planBounds = { minutes: [0.01, 10_080], epochSeconds: [0.05, 3600] } as const;

/** Throws `UserError` for anything that is no plan of this version. */
export function readHead(json: string): SoakHead {
  const of = fields(parsed(json), 'not an object');
  if (own(of, 'v') !== 1) bad('of another version');
  const given = fields(own(of, 'plan'), 'plan');
  const plan: SoakPlan = {
    id: text(given, 'id'),
    minutes: number(given, 'minutes', ...planBounds.minutes),
    epochSeconds: number(given, 'epochSeconds', ...planBounds.epochSeconds),
    work: workOf(own(given, 'work')),
    baseline: sideSpec(own(given, 'baseline'), 'baseline'),
    treatment: sideSpec(own(given, 'treatment'), 'treatment'),
    limits: limitsOf(own(given, 'limits')),
    startedAt: text(given, 'startedAt'),
  };
  const processes = fields(own(of, 'processes'), 'processes');
  return {
    plan,
    machine: machineOf(own(of, 'machine')),
    processes: {
      baseline: processOf(own(processes, 'baseline'), 'processes'),
      treatment: processOf(own(processes, 'treatment'), 'processes'),
    },
  };
}
