/** Names of the laboratory's documents: the method's for its phases, safe on every system for all. */
import { createHash } from 'node:crypto';
import type { Experiment } from '../model-experiment.ts';

export const cumulativeName = 'ATOMIC_PRUNE_CUMULATIVE_SUMMARY.md';

const longest = 80;

/** Words of a title in capitals, without the phase that it begins with; empty when nothing is left. */
function titleWords(title: string): string {
  return title
    .normalize('NFKD')
    .replace(/^\s*(phase|hygiene)[\s-]*\d+[a-z]?\b/i, '')
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^_+|(_RESULTS?)?_*$/g, '')
    .slice(0, longest)
    .replace(/_+$/, '');
}

/**
 * `PHASE24_TINY_CLASS_STATS_ATOMIC_PRUNE_RESULTS.md` for a replay that is the newest of its name. Every other is named after
 * its id, `experiment-ID.md`: small letters, digits and hyphens as they are, anything else replaced and a hash of the id
 * added, so that two ids never share a name, upper and lower case taken for the same.
 */
function nameOf(experiment: Experiment, newest: boolean): string {
  const [, kind, number] = /^(phase|hygiene)-(\d{1,4}[a-z]?)$/.exec(experiment.replay ?? '') ?? [];
  if (newest && kind !== undefined && number !== undefined) {
    const words = titleWords(experiment.title);
    return `${kind.toUpperCase()}${number.toUpperCase()}${words === '' ? '' : `_${words}`}_RESULTS.md`;
  }
  const { id } = experiment;
  if (/^[a-z0-9][a-z0-9-]*$/.test(id) && id.length <= longest) return `experiment-${id}.md`;
  const words = id
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, longest);
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 10);
  return `experiment-${words === '' ? 'x' : words}_${hash}.md`;
}

/** A document for the newest record of every id; later in the list is newer where the times are the same. */
export function documentNames(experiments: readonly Experiment[]): ReadonlyMap<string, Experiment> {
  const byId = new Map<string, Experiment>();
  const byReplay = new Map<string, Experiment>();
  const keep = (map: Map<string, Experiment>, key: string, e: Experiment): void => {
    const other = map.get(key);
    if (other === undefined || Date.parse(e.finishedAt) >= Date.parse(other.finishedAt)) map.set(key, e);
  };
  for (const e of experiments) keep(byId, e.id, e);
  for (const e of byId.values()) if (e.replay !== null) keep(byReplay, e.replay, e);
  const names = new Map<string, Experiment>();
  for (const e of byId.values()) {
    names.set(nameOf(e, e.replay !== null && byReplay.get(e.replay) === e), e);
  }
  return names;
}
