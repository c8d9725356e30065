/** Profiles as this program prints them, read back without trusting anything in them. */
import type { BenchResult, Profile } from '../model.ts';
import { profileFromBench } from './from-bench.ts';

type Shape = (value: unknown) => boolean;

const text: Shape = (v) => typeof v === 'string';
const figure: Shape = (v) => typeof v === 'number' && Number.isFinite(v);
const whole: Shape = (v) => typeof v === 'number' && Number.isSafeInteger(v) && v >= 0;
const optional =
  (shape: Shape): Shape =>
  (v) =>
    v === undefined || shape(v);
const nullable =
  (shape: Shape): Shape =>
  (v) =>
    v === null || shape(v);
const oneOf =
  (...values: readonly unknown[]): Shape =>
  (v) =>
    values.includes(v);
const array =
  (shape: Shape): Shape =>
  (v) =>
    Array.isArray(v) && v.every((item: unknown) => shape(item));
const record =
  (fields: Readonly<Record<string, Shape>>): Shape =>
  (v) =>
    typeof v === 'object' &&
    v !== null &&
    Object.entries(fields).every(([name, shape]) =>
      shape(Object.hasOwn(v, name) ? Reflect.get(v, name) : undefined),
    );
const byName =
  (shape: Shape): Shape =>
  (v) =>
    typeof v === 'object' && v !== null && !Array.isArray(v) && Object.values(v).every(shape);

const category = oneOf('wrapper', 'core', 'env', 'benchmark', 'kernel', 'stats', 'library');
const unit = oneOf('samples', 'instructions', 'nanoseconds', 'bytes', 'events');
const line: Shape = (v) => whole(v) && (v as number) >= 1;

const functionShape = record({
  name: text,
  category,
  selfPercent: figure,
  file: nullable(text),
  line: nullable(line),
  totalPercent: optional(figure),
  object: optional(text),
});

const lineShape = record({
  file: text,
  line,
  percent: figure,
  callSitePercent: optional(figure),
  instructions: optional(array(record({ address: text, text, percent: figure, function: text }))),
});

const event = record({ name: text, unit, samples: figure, weight: figure });

/** Columns of one length; parents stand before their children. */
const tree: Shape = (v) => {
  const columns = record({
    names: array(text),
    categories: array(category),
    parent: array(figure),
    function: array(figure),
    self: array(figure),
    total: array(figure),
    dropped: figure,
  });
  if (!columns(v)) return false;
  const t = v as {
    [name in 'names' | 'categories' | 'parent' | 'function' | 'self' | 'total']: readonly unknown[];
  };
  const count = t.parent.length;
  if (count === 0 || t.names.length !== t.categories.length) return false;
  if ([t.function, t.self, t.total].some((column) => column.length !== count)) return false;
  return t.parent.every((p, i) => {
    const f = t.function[i] as number;
    if (i === 0) return p === -1 && f === -1;
    return whole(p) && (p as number) < i && whole(f) && f < t.names.length;
  });
};

const details = record({
  format: text,
  event,
  events: array(event),
  threads: array(record({ name: text, tid: nullable(figure), percent: figure })),
  tree: nullable(tree),
  addresses: array(
    record({
      object: text,
      buildId: nullable(text),
      points: array((v) => Array.isArray(v) && v.length === 2 && v.every(figure)),
    }),
  ),
  unmapped: array(record({ file: text, percent: figure })),
  counters: nullable((v) => typeof v === 'object' && v !== null),
  buildIds: byName(text),
  skipped: nullable(record({ count: figure, first: text })),
  notes: array(text),
});

const profileShape = record({
  target: record({
    kind: oneOf('engine', 'native', 'imported'),
    name: text,
    variant: nullable(text),
    sha256: nullable(text),
  }),
  workload: text,
  origin: record({ functions: text, lines: text }),
  unit,
  samples: figure,
  recordedAt: text,
  speedAgainstFast: nullable(figure),
  functions: array(functionShape),
  lines: array(lineShape),
  details: optional(details),
});

/** What of a benchmark's result a profile is made of. */
const benchShape = record({
  schemaVersion: oneOf(1),
  workload: text,
  target: text,
  variant: text,
  moduleSha256: nullable(text),
  profile: record({
    target: text,
    variant: text,
    speedAgainstFast: nullable(figure),
    functions: array(functionShape),
    lines: array(lineShape),
    samples: optional(figure),
    details: optional(details),
  }),
});

const own = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;

function isProfile(value: unknown): value is Profile {
  return profileShape(value);
}

function isSampledBench(value: unknown): value is BenchResult {
  return benchShape(value);
}

/** Without `schemaVersion`, which is the printed form's. */
function plain(profile: Profile): Profile {
  const {
    target,
    workload,
    origin,
    unit: of,
    samples,
    recordedAt,
    speedAgainstFast,
    functions,
    lines,
  } = profile;
  return {
    ...{ target, workload, origin, unit: of, samples, recordedAt, speedAgainstFast, functions, lines },
    ...(profile.details === undefined ? {} : { details: profile.details }),
  };
}

/**
 * The profile in what `alloc-lens profile import`, `profile record`, `bench --sample` or `report` wrote as JSON; of several
 * results the last that was sampled. `null` when it holds none.
 *
 * @param recordedAt ISO 8601, for results, which do not say when they were made
 */
export function profileFromJson(value: unknown, recordedAt: string): Profile | null {
  if (isProfile(value)) return plain(value);
  if (isSampledBench(value)) {
    const profile = profileFromBench(value, recordedAt);
    const more = value.profile?.details;
    return profile === null || more === undefined || profile.details !== undefined
      ? profile
      : { ...profile, unit: more.event.unit, details: more };
  }
  const results = own(value, 'results') ?? own(value, 'runs');
  if (Array.isArray(results)) {
    const sampled = results.findLast(isSampledBench);
    if (sampled !== undefined) return profileFromJson(sampled, recordedAt);
  }
  const inside = own(value, 'profile');
  return isProfile(inside) ? plain(inside) : null;
}

/** Whether it is a result of `bench` that was not sampled. */
export function isUnsampledBench(value: unknown): boolean {
  return own(value, 'profile') === null && text(own(value, 'workload')) && Array.isArray(own(value, 'runs'));
}
