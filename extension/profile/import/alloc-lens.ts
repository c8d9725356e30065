/**
 * Our own JSON: what `alloc-lens profile import`, `profile record`, `bench --sample` and `report` write. It holds shares of
 * functions and lines, and a call tree by function, so that as a recording it is what these say (`stacksOfProfile`);
 * who can take a finished profile asks `readProfile` for it, which loses nothing.
 */
import type { Profile } from '../../model.ts';
import { UserError } from '../../model.ts';
import type { RawProfile } from '../../model-profile.ts';
import { isUnsampledBench, profileFromJson } from '../profile-json.ts';
import { stacksOfProfile } from '../profile-stacks.ts';
import { chooseEvent, headText, readJsonInput, requireThread } from './read-input.ts';
import type { Importer, ImportOptions } from './types.ts';

/**
 * The profile in our own JSON.
 *
 * @param recordedAt ISO 8601, for results, which do not say when they were made
 * @throws UserError with one clear line; AbortError on the signal
 */
export async function readProfile(
  input: AsyncIterable<Uint8Array>,
  recordedAt: string,
  options: ImportOptions,
): Promise<Profile> {
  const value = await readJsonInput(input, 'profile', options);
  const profile = profileFromJson(value, recordedAt);
  if (profile === null) {
    throw new UserError(
      isUnsampledBench(value)
        ? 'This benchmark was not sampled: run it again with --sample.'
        : 'This JSON holds no profile of alloc-lens, or one of another version: make it again.',
    );
  }
  const event = profile.details?.event;
  if (options.event !== null && options.event !== event?.name) {
    chooseEvent(event === undefined ? [] : [event], options.event, () => 0);
  }
  if (options.thread !== null) {
    requireThread(options.thread, []);
  }
  return profile;
}

async function read(input: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<RawProfile> {
  return stacksOfProfile(await readProfile(input, new Date(0).toISOString(), options));
}

export const allocLensImporter: Importer = {
  format: 'alloc-lens',
  title: 'alloc-lens JSON',
  sniff(head) {
    const text = headText(head).trimStart();
    if (!text.startsWith('{')) return false;
    if (/"preprocessedProfileVersion"|"callFrame"|file-format-schema\.json/.test(text)) return false;
    // Results of bench, reports, and profiles as they are printed.
    if (/^\{\s*"schemaVersion"\s*:\s*1\b/.test(text)) return true;
    return /^\{\s*"target"\s*:\s*\{\s*"kind"\s*:/.test(text);
  },
  read,
  readProfile,
};
