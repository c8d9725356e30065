/**
 * The cost table of this machine, kept in a file for later analyses, lenses and candidates. The folder comes from the
 * caller. Whatever cannot be read back is as if it were not there.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../model.ts';
import type { Cost, CostTable } from '../model-costs.ts';
import { costNames } from './cost-measurement.ts';
import type { CostHost } from './cost-host.ts';

/** A table has a few kilobytes; a file that is larger is none of ours. */
const mostBytes = 1 << 20;

const fileOf = (folder: string, host: CostHost): string => {
  const key = createHash('sha256').update([host.name, host.cpu, host.cores].join('\0')).digest('hex');
  return path.join(folder, `costs-${key.slice(0, 16)}.json`);
};

const finite = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v);
const known: ReadonlySet<unknown> = new Set(costNames);

function isCost(value: unknown): value is Cost {
  if (typeof value !== 'object' || value === null) return false;
  const { name, contended, ns, interval, percent } = value as Partial<Record<keyof Cost, unknown>>;
  return (
    known.has(name) &&
    typeof contended === 'boolean' &&
    finite(ns) &&
    finite(percent) &&
    Array.isArray(interval) &&
    interval.length === 2 &&
    interval.every(finite)
  );
}

/** Checks what is used later: names, figures, source, host and date. */
export function isCostTable(value: unknown): value is CostTable {
  if (typeof value !== 'object' || value === null) return false;
  const t = value as Partial<Record<keyof CostTable, unknown>>;
  return (
    t.schemaVersion === 1 &&
    typeof t.source === 'string' &&
    t.source.length < 100 &&
    typeof t.host === 'string' &&
    typeof t.at === 'string' &&
    Number.isFinite(Date.parse(t.at)) &&
    (t.pairNs === undefined || (finite(t.pairNs) && t.pairNs > 0)) &&
    typeof t.machine === 'object' &&
    t.machine !== null &&
    Array.isArray(t.costs) &&
    t.costs.length <= 2 * costNames.length &&
    t.costs.every(isCost)
  );
}

/** Throws for text that is no JSON. */
function tableIn(text: string, host: CostHost): CostTable | null {
  const value: unknown = JSON.parse(text);
  return isCostTable(value) && value.host === host.name ? value : null;
}

/** The table that was kept for this machine, null without one. */
export function readCosts(folder: string, host: CostHost): CostTable | null {
  try {
    const file = fileOf(folder, host);
    return statSync(file).size > mostBytes ? null : tableIn(readFileSync(file, 'utf8'), host);
  } catch {
    return null;
  }
}

/** The same without blocking. */
export async function loadCosts(folder: string, host: CostHost): Promise<CostTable | null> {
  try {
    const file = fileOf(folder, host);
    return (await stat(file)).size > mostBytes ? null : tableIn(await readFile(file, 'utf8'), host);
  } catch {
    return null;
  }
}

/** Keeps the table, whole or not at all. Throws `UserError` when the folder cannot be written. */
export function keepCosts(folder: string, host: CostHost, table: CostTable): string {
  const file = fileOf(folder, host);
  const fresh = `${file}.${randomUUID()}`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(fresh, `${JSON.stringify(table)}\n`);
    renameSync(fresh, file);
  } catch (error) {
    try {
      rmSync(fresh, { force: true });
    } catch {
      // Where nothing could be written nothing is left.
    }
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(`the costs cannot be kept in ${folder}: ${why}`, 3);
  }
  return file;
}
