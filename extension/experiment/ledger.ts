/**
 * The ledger: an append-only history of what was measured, one JSON record a line in `.alloc-lens/ledger.jsonl`, or one
 * file a record beside it where the workspace cannot append. Nothing that is there is ever rewritten: a line that cannot
 * be read (torn by a crash, edited, of a later version) is reported with its place and stays. A record is finished
 * when its append resolves; from then on no crash takes it away.
 */
import { createHash, randomBytes } from 'node:crypto';
import path from 'node:path';
import { UserError } from '../model.ts';
import type { LedgerProblem, LedgerRecord } from '../model-ledger.ts';
import { CannotAppend, type LedgerFiles, nodeLedger, reasonOf } from './ledger-files.ts';
import { type Line, linesOf } from './ledger-lines.ts';
import { readRecord } from './ledger-record.ts';

export interface LedgerLimits {
  /** Bytes of the JSON Lines that are read, and written to. */
  readonly file: number;
  /** Bytes of a record. */
  readonly record: number;
  /** Files with one record. */
  readonly files: number;
  /** Problems that are listed. */
  readonly problems: number;
}

const usual: LedgerLimits = { file: 128 << 20, record: 16 << 20, files: 10_000, problems: 100 };

export interface LedgerEntry {
  /** As it was read, properties that this version does not know included. */
  readonly record: LedgerRecord;
  readonly file: string;
  /** 1-based; 1 in a file of its own. */
  readonly line: number;
}

export interface Ledger {
  readonly path: string;
  /** Whether there is anything at all. */
  readonly present: boolean;
  /** Oldest first, by the records' own time. */
  readonly entries: readonly LedgerEntry[];
  readonly problems: readonly LedgerProblem[];
  /** Problems beyond those listed. */
  readonly moreProblems: number;
}

/** The ledger of a workspace. */
export function ledgerOf(folder: string): LedgerFiles {
  return nodeLedger(path.join(folder, '.alloc-lens', 'ledger.jsonl'));
}

// ---------------------------------------------------------------------------------------------- writing

const mebibytes = (n: number): string => `${(n / (1 << 20)).toFixed(0)} MiB`;

/**
 * What a record is called: the id of an experiment or soak, else its kind and time. A list shows it, `ledger show` takes it.
 */
export function idOf(record: LedgerRecord): string {
  if (record.kind === 'experiment') return record.experiment.id;
  if (record.kind === 'soak') return record.soak.id;
  return `${record.kind}-${record.at}`;
}

/** A name that every system takes, different for different ids and each time. */
function recordName(record: LedgerRecord): string {
  const id = idOf(record);
  const words = id
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60);
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 8);
  return `${words === '' ? 'record' : words}-${hash}-${randomBytes(6).toString('hex')}.json`;
}

/**
 * Appends a record durably: when this resolves it is on the disk. Several processes may do so at once.
 *
 * @returns the file that holds it
 * @throws UserError when nothing can be written there; Error when the record is not one that could be read back
 */
export async function appendRecord(
  files: LedgerFiles,
  record: LedgerRecord,
  limits: LedgerLimits = usual,
): Promise<string> {
  const text = JSON.stringify(record);
  // What JSON does not hold (NaN, undefined) shows only in what it makes of it.
  const back = readRecord(JSON.parse(text));
  if ('problem' in back) throw new Error(`a record that could not be read back: ${back.problem}`);
  const bytes = Buffer.from(`${text}\n`);
  if (bytes.length > limits.record) {
    throw new Error(`a record of ${mebibytes(bytes.length)}, ${mebibytes(limits.record)} is the most`);
  }
  if (files.append !== null) {
    try {
      if (((await files.size()) ?? 0) + bytes.length <= limits.file) {
        await files.append(bytes);
        return files.path;
      }
    } catch (error) {
      if (error instanceof UserError) throw error;
      if (!(error instanceof CannotAppend)) {
        throw new UserError(`cannot write ${files.path}: ${reasonOf(error)}`, 3);
      }
    }
  }
  for (;;) {
    const name = recordName(record);
    if (await files.createRecord(name, bytes)) return path.join(files.recordsPath, name);
  }
}

// ---------------------------------------------------------------------------------------------- reading

/** Collects entries and problems of all files. */
class Reader {
  readonly entries: LedgerEntry[] = [];
  problems: LedgerProblem[] = [];
  more = 0;

  constructor(private readonly limits: LedgerLimits) {}

  report(problem: LedgerProblem): void {
    if (this.problems.length < this.limits.problems) this.problems.push(problem);
    else this.more++;
  }

  wholeFile(file: string, reason: string): void {
    this.report({ kind: 'file', file, line: 0, version: null, reason });
  }

  line(file: string, line: Line): void {
    const interrupted = '; the last line has no end: a write was interrupted or is still going on';
    const invalid = (reason: string): void =>
      this.report({
        kind: line.ended ? 'invalid' : 'torn',
        file,
        line: line.number,
        version: null,
        reason: line.ended ? reason : `${reason}${interrupted}`,
      });
    if (line.text === null) {
      invalid(line.problem);
      return;
    }
    if (line.text.trim() === '') return;
    let value: unknown;
    try {
      value = JSON.parse(line.text);
    } catch (error) {
      invalid(`not JSON (${error instanceof Error ? error.message.slice(0, 120) : 'unreadable'})`);
      return;
    }
    const reading = readRecord(value);
    if ('record' in reading) this.entries.push({ record: reading.record, file, line: line.number });
    else if (reading.version === null) invalid(reading.problem);
    else {
      const { version, problem } = reading;
      this.report({ kind: 'newer', file, line: line.number, version, reason: problem });
    }
  }
}

async function readLines(files: LedgerFiles, reader: Reader, limits: LedgerLimits): Promise<boolean> {
  let binary = false;
  try {
    const size = await files.size();
    if (size === null) return false;
    if (size > limits.file) {
      reader.wholeFile(
        files.path,
        `${mebibytes(size)} long, ${mebibytes(limits.file)} is the most that is read: move it away, a new one begins with the next record`,
      );
      return true;
    }
    for await (const line of linesOf(files.read(), limits)) {
      binary ||= line.text === null || line.text.includes('\0');
      reader.line(files.path, line);
    }
  } catch (error) {
    reader.wholeFile(files.path, reasonOf(error));
    return true;
  }
  // Zeros between records are what a loss of power leaves; without any record it is some other file.
  if (binary && reader.entries.length === 0) {
    reader.problems = [];
    reader.more = 0;
    reader.wholeFile(
      files.path,
      'not a ledger but binary data: move it away, a new one begins with the next record',
    );
  }
  return true;
}

async function readFiles(files: LedgerFiles, reader: Reader, limits: LedgerLimits): Promise<boolean> {
  let names: readonly string[];
  try {
    names = (await files.recordNames()).filter((n) => n.endsWith('.json') && !n.startsWith('.')).sort();
  } catch (error) {
    reader.wholeFile(files.recordsPath, reasonOf(error));
    return true;
  }
  if (names.length > limits.files) {
    const reason = `holds ${names.length} files, the first ${limits.files} by name are read`;
    reader.wholeFile(files.recordsPath, reason);
  }
  for (const name of names.slice(0, limits.files)) {
    const file = path.join(files.recordsPath, name);
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(
        await files.readRecord(name, limits.record),
      );
      reader.line(file, { number: 1, text, problem: '', ended: true });
    } catch (error) {
      reader.wholeFile(file, reasonOf(error));
    }
  }
  return names.length > 0;
}

/** Everything that can be read, and what could not. Rejects for nothing that a file may hold. */
export async function readLedger(files: LedgerFiles, limits: LedgerLimits = usual): Promise<Ledger> {
  const reader = new Reader(limits);
  const lines = await readLines(files, reader, limits);
  const records = await readFiles(files, reader, limits);
  return {
    path: files.path,
    present: lines || records,
    // Stable: records of one instant stay in the order of their lines.
    entries: reader.entries.sort((a, b) => Date.parse(a.record.at) - Date.parse(b.record.at)),
    problems: reader.problems,
    moreProblems: reader.more,
  };
}
