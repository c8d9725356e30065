/**
 * A profile in pprof's protobuf, not yet packed: `go tool pprof`, Grafana, Polar Signals and others read it.
 *
 * Two values a sample: `samples` (count), what the shares rest on, and the event itself, which is the default. Events
 * of little weight are written in thousandths and the like (unit `count/1000`), because pprof knows whole numbers only
 * and a line's share of a few samples is none. Lines are those of the innermost functions; of callers none is known.
 */
import { Profile as Message, StringTable } from 'pprof-format';
import type { Profile } from '../../model.ts';
import { stacksOfProfile } from '../profile-stacks.ts';
import type { Exported } from './speedscope.ts';

/** Whole numbers below it would lose what is worth showing. */
const leastWeight = 1e7;

/** Whole numbers whose sum is that of `values`, rounded: each takes the rounding error of those before it. */
function wholeNumbers(values: readonly number[], scale: number): number[] {
  let sum = 0;
  let given = 0;
  return values.map((value) => {
    sum += value * scale;
    const next = Math.round(sum) - given;
    given += next;
    return next;
  });
}

export function toPprof(profile: Profile): Exported<Uint8Array> {
  const raw = stacksOfProfile(profile);
  const strings = new StringTable();
  const text = (t: string): number => strings.dedup(t);
  const { event } = raw;
  let finer = 1;
  while (event.weight * finer < leastWeight) finer *= 10;
  const unitName = event.unit === 'nanoseconds' || event.unit === 'bytes' ? event.unit : 'count';
  const functions = new Map<string, { id: number; name: number; filename: number; startLine: number }>();
  const mappings = new Map<string, { id: number; filename: number; buildId: number }>();
  const locations = raw.frames.map((f, i) => {
    const key = `${f.name}\0${f.file ?? ''}\0${f.definedAt ?? ''}`;
    let at = functions.get(key);
    if (at === undefined) {
      at = {
        id: functions.size + 1,
        name: text(f.name),
        filename: text(f.file ?? ''),
        startLine: f.definedAt ?? 0,
      };
      functions.set(key, at);
    }
    let mappingId = 0;
    if (f.object !== null) {
      let mapping = mappings.get(f.object);
      if (mapping === undefined) {
        const buildId = Object.hasOwn(raw.buildIds, f.object) ? (raw.buildIds[f.object] ?? '') : '';
        mapping = { id: mappings.size + 1, filename: text(f.object), buildId: text(buildId) };
        mappings.set(f.object, mapping);
      }
      mappingId = mapping.id;
    }
    return { id: i + 1, mappingId, line: [{ functionId: at.id, line: f.line ?? 0 }] };
  });
  const { parent, frame, self } = raw.nodes;
  const stacks: number[][] = [];
  const weights: number[] = [];
  for (let node = 1; node < parent.length; node++) {
    const weight = self[node] ?? 0;
    if (!(weight > 0)) continue;
    const stack: number[] = [];
    for (let at = node; at > 0; at = parent[at] ?? 0) stack.push((frame[at] ?? 0) + 1);
    stacks.push(stack);
    weights.push(weight);
  }
  const counts = wholeNumbers(weights, event.weight > 0 ? event.samples / event.weight : 0);
  const values = wholeNumbers(weights, finer);
  const name = event.name === '' ? 'weight' : event.name === 'samples' ? 'share' : event.name;
  const message = new Message({
    sampleType: [
      { type: text('samples'), unit: text('count') },
      { type: text(name), unit: text(finer === 1 ? unitName : `${unitName}/${finer}`) },
    ],
    defaultSampleType: text(name),
    sample: stacks.map((locationId, i) => ({ locationId, value: [counts[i] ?? 0, values[i] ?? 0] })),
    mapping: [...mappings.values()].map((m) => ({
      ...m,
      hasFunctions: true,
      hasFilenames: true,
      hasLineNumbers: true,
    })),
    location: locations,
    function: [...functions.values()].map((f) => ({ ...f, systemName: f.name })),
    comment: [text(`${profile.target.name} ${profile.workload}`.trim())],
    timeNanos: BigInt(Math.max(0, Date.parse(profile.recordedAt) || 0)) * 1_000_000n,
    stringTable: strings,
  });
  return {
    file: message.encode(),
    notes: raw.notes.filter((n) => !(profile.details?.notes ?? []).includes(n)),
  };
}
