/** All targets of a workspace folder: settings win over the file by name, both over what is detected. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { TargetConfig, TargetOrigin, WorkspaceTarget } from '../model-profile.ts';
import { type ParsedTargets, parseTargetList, parseTargetsFile } from './targets-config.ts';
import { detectTargets } from './targets-detect.ts';
import { flagsRefusal } from './substitute.ts';

/** At a workspace folder's root. */
export const targetsFile = 'alloc-lens.json';
const mostBytes = 1 << 20;

export interface WorkspaceTargets {
  /** The preferred one first. */
  readonly targets: readonly WorkspaceTarget[];
  /** What could not be used, a line each. */
  readonly problems: readonly string[];
}

const nothing: ParsedTargets = { targets: [], problems: [] };

async function readTargetsFile(folder: string): Promise<ParsedTargets> {
  const file = path.join(folder, targetsFile);
  const bad = (problem: string): ParsedTargets => ({ targets: [], problems: [`${targetsFile}: ${problem}`] });
  try {
    const found = await stat(file);
    if (!found.isFile()) return bad('it is no file');
    if (found.size > mostBytes) return bad(`it is larger than ${mostBytes >> 20} MiB: nothing of it is read`);
    return parseTargetsFile(await readFile(file, 'utf8'), targetsFile);
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'ENOENT') return nothing;
    return bad(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param folder absolute path of the workspace folder
 * @param settings value of `allocLens.targets`, undefined without one
 */
export async function workspaceTargets(folder: string, settings: unknown): Promise<WorkspaceTargets> {
  const own = parseTargetList(settings, 'allocLens.targets');
  const file = await readTargetsFile(folder);
  const detected = await detectTargets(folder);
  const found = new Map<string, WorkspaceTarget>();
  const add = (config: TargetConfig, origin: TargetOrigin): void => {
    if (found.has(config.name)) return;
    const refusal = flagsRefusal({ config });
    const notes = refusal === null ? [] : [`compile flags cannot be compared: ${refusal}`];
    found.set(config.name, { config, origin, folder, notes });
  };
  for (const config of own.targets) add(config, 'settings');
  for (const config of file.targets) add(config, 'alloc-lens.json');
  for (const target of detected) if (!found.has(target.config.name)) found.set(target.config.name, target);
  return { targets: [...found.values()], problems: [...own.problems, ...file.problems] };
}
