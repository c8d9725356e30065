/** Which event of a recording is taken, and what is said of the others. */
import { UserError } from '../../model.ts';
import type { RawThread } from '../../model-profile.ts';

/** Threads beyond these, by weight, are left out of a list. */
const mostThreads = 4096;

/** `cycles` of `cycles:u` and `cpu/cycles/u`. */
const withoutModifiers = (name: string): string =>
  name.replace(/:[a-zA-Z]+$/, '').replace(/^\w+\/([^/]*)\/\w*$/, '$1');

/**
 * Index of the event asked for (with or without its modifiers), else of the one with the most samples.
 *
 * @throws UserError when it is not there, with those that are
 */
export function chosenEvent(
  events: readonly { readonly name: string; readonly samples: number }[],
  wanted: string | null,
): number {
  if (wanted !== null) {
    const exact = events.findIndex((e) => e.name === wanted);
    const at = exact >= 0 ? exact : events.findIndex((e) => withoutModifiers(e.name) === wanted);
    if (at >= 0) return at;
    const names = events
      .map((e) => `${e.name || '(no name)'} (${e.samples})`)
      .slice(0, 10)
      .join(', ');
    throw new UserError(`No samples of the event ${wanted}. It has: ${names}.`);
  }
  let best = 0;
  events.forEach((e, i) => {
    if (e.samples > (events[best]?.samples ?? 0)) best = i;
  });
  return best;
}

/** Tells of the events that were left out; null when there are none. */
export function otherEventsNote(
  events: readonly { readonly name: string; readonly samples: number }[],
  chosen: number,
): string | null {
  const others = events.filter((e, i) => i !== chosen && e.samples > 0);
  if (others.length === 0) return null;
  const names = others
    .map((e) => `${e.name || '(no name)'} (${e.samples} samples)`)
    .slice(0, 10)
    .join(', ');
  return `Other events were recorded and are not in these figures: ${names}.`;
}

/** Threads with the same name and numbers as one, heaviest first. */
export function heaviestThreads(threads: readonly RawThread[]): RawThread[] {
  const byKey = new Map<string, RawThread>();
  for (const t of threads) {
    const key = `${t.name}\0${t.pid ?? ''}\0${t.tid ?? ''}`;
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? t : { ...known, weight: known.weight + t.weight });
  }
  return [...byKey.values()].sort((a, b) => b.weight - a.weight).slice(0, mostThreads);
}
