/**
 * A soak on disk: a comment line with the plan and the modules that ran, a line of column names, a line an epoch in the
 * order in which they ran. What is read back may be anything: torn at its end by a crash, edited, or no soak at all.
 */
import type { MachineState } from '../model-experiment.ts';
import type { SideName, SoakEpoch, SoakPlan, SoakProcess, SoakRow } from '../model-soak.ts';
import { UserError } from '../model.ts';
import { readHead } from './soak-head.ts';

const columns = [
  ...['session', 'side', 'index', 'at', 'operations', 'opsPerSecond'],
  ...['p50', 'p99', 'p999', 'residentBytes', 'systemCalls', 'disturbed'],
] as const;
const mark = '# alloc-lens soak ';

export interface SoakHead {
  readonly plan: SoakPlan;
  /** As it was when the soak began. */
  readonly machine: MachineState;
  readonly processes: Readonly<Record<SideName, SoakProcess>>;
}

export interface SoakFile extends SoakHead {
  readonly rows: readonly SoakRow[];
  /** The last line was torn by a crash; it is not among the rows. */
  readonly torn: boolean;
}

/** The first two lines, with their line ends. */
export function soakCsvHead(head: SoakHead): string {
  return `${mark}${JSON.stringify({ v: 1, ...head })}\n${columns.join(',')}\n`;
}

/** One line, with its line end. Absent figures are empty. */
export function soakCsvRow({ side, epoch: e }: SoakRow): string {
  const figures = [e.at.toFixed(3), e.operations, e.opsPerSecond.toFixed(0), e.p50.toFixed(3)];
  const rest = [e.p99.toFixed(3), e.p999.toFixed(3), e.residentBytes ?? '', e.systemCalls ?? ''];
  const disturbed = e.disturbed == null ? '' : e.disturbed.toFixed(4);
  return `${[e.session ?? 1, side, e.index, ...figures, ...rest, disturbed].join(',')}\n`;
}

const figure = /^\d{1,16}(\.\d{1,9})?$/;

function rowOf(line: string, number: number, before: readonly SoakRow[]): SoakRow {
  const wrong = (what: string): never => {
    throw new UserError(`line ${number} of the soak's file ${what}: it was edited, begin a new soak`);
  };
  const cells = line.split(',');
  if (cells.length !== columns.length) wrong(`has ${cells.length} columns, not ${columns.length}`);
  const read = (column: (typeof columns)[number]): number | null => {
    const cell = cells[columns.indexOf(column)] ?? '';
    if (cell === '') return null;
    return figure.test(cell) ? Number(cell) : wrong(`has no figure in the column ${column}`);
  };
  const need = (column: (typeof columns)[number]): number =>
    read(column) ?? wrong(`has nothing in the column ${column}`);
  const epoch: SoakEpoch = {
    session: need('session'),
    index: need('index'),
    at: need('at'),
    operations: need('operations'),
    opsPerSecond: need('opsPerSecond'),
    p50: need('p50'),
    p99: need('p99'),
    p999: need('p999'),
    residentBytes: read('residentBytes'),
    systemCalls: read('systemCalls'),
    disturbed: read('disturbed'),
  };
  // The sides take turns, so that a row's place says which epoch it has to be.
  const side: SideName = before.length % 2 === 0 ? 'baseline' : 'treatment';
  const last = before.at(-1)?.epoch;
  const follows =
    cells[1] === side &&
    epoch.index === before.length >>> 1 &&
    Number.isInteger(epoch.session) &&
    (epoch.session ?? 0) >= (last?.session ?? 1) &&
    epoch.at >= (last?.at ?? 0);
  if (!follows) wrong('does not follow the line before it');
  return { side, epoch };
}

/** Throws `UserError` when the text is no soak, or was edited so that its epochs are none. */
export function readSoakCsv(text: string): SoakFile {
  const whole = text.lastIndexOf('\n') + 1;
  const lines = text.slice(0, whole).split('\n').slice(0, -1);
  const [first = '', names = '', ...rest] = lines;
  if (!first.startsWith(mark) || names !== columns.join(',')) {
    throw new UserError("this is no soak's file: give one that alloc-lens soak has written");
  }
  const head = readHead(first.slice(mark.length));
  const rows: SoakRow[] = [];
  for (const [i, line] of rest.entries()) rows.push(rowOf(line, i + 3, rows));
  return { ...head, rows, torn: whole < text.length };
}
