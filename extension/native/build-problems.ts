/** What compilers, linkers, make and cmake print about files -> problems. */
import path from 'node:path';
import type { BuildProblem } from '../model-profile.ts';

const mostProblems = 500;
const mostMessage = 1000;

/** gcc and clang: `file:line[:column]: severity: text`. */
const diagnostic = /^([^:\s][^:]*):(\d{1,9})(?::(\d{1,9}))?: (fatal error|error|warning|note): (.+)$/;
/** A flag's value is wrong: gcc's note below says where it was used. */
const commandLine = /^<command-line>: (?:fatal )?error: (.+)$/;
/** GNU ld, gold and lld, with the source file where debug information names it. */
const linker =
  /^(?:\S*ld(?:\.\w+)?: )?(?:\S+\.o: (?:in function [^:]+: )?)?([^:\s][^:]*\.\w{1,4}):(\d{1,9}): ((?:undefined reference|multiple definition|undefined symbol|duplicate symbol).+)$/;
const makefile = /^([^:\s][^:]*):(\d{1,9}): \*\*\* (.+?)(?:\s+Stop\.)?$/;
const cmake = /^CMake (Error|Warning)(?: \(dev\))? at ([^:]+):(\d{1,9})(?: \([^)]*\))?:\s*$/;
const entering = /^\S*make(?:\[\d+\])?: Entering directory [`']([^']+)'$/;
const leaving = /^\S*make(?:\[\d+\])?: Leaving directory /;
/** Said about no file, and the only thing that is said. */
const general =
  /^(?:\S*make(?:\[\d+\])?: \*\*\* .+|collect2: error: .+|\S*ld(?:\.\w+)?: .*(?:cannot find|error).*|CMake Error: .+|\S*: (?:fatal )?error: .+)$/;

/** Reads the lines of a build as they come. */
export class BuildProblems {
  readonly #problems: BuildProblem[] = [];
  readonly #folders: string[];
  #general: string | null = null;
  #more = 0;
  /** A message of cmake stands on the lines after its head. */
  #head: Omit<BuildProblem, 'message'> | null = null;
  /** Of a macro that was defined on the command line, until its use is named. */
  #unplaced: string | null = null;

  /** @param cwd absolute; relative paths begin there, or where make says that it went */
  constructor(cwd: string) {
    this.#folders = [cwd];
  }

  get problems(): readonly BuildProblem[] {
    return this.#problems;
  }

  /** Problems beyond those kept. */
  get more(): number {
    return this.#more;
  }

  #add(
    file: string,
    line: string,
    column: string | undefined,
    severity: BuildProblem['severity'],
    message: string,
  ): void {
    if (this.#problems.length >= mostProblems) {
      this.#more++;
      return;
    }
    this.#problems.push({
      file: path.resolve(this.#folders.at(-1) ?? '/', file),
      line: Math.max(1, Number(line)),
      column: Math.max(1, Number(column ?? 1)),
      severity,
      message: message.trim().slice(0, mostMessage),
    });
  }

  #cmake(text: string): boolean {
    if (this.#head !== null && text.trim() !== '') {
      const { file, line, severity } = this.#head;
      this.#head = null;
      if (/^\s/.test(text)) {
        this.#add(file, String(line), undefined, severity, text);
        return true;
      }
    }
    const head = cmake.exec(text);
    if (head === null) return false;
    const [, kind, file = '', line = '1'] = head;
    const severity = kind === 'Error' ? 'error' : 'warning';
    this.#head = { file, line: Number(line), column: 1, severity };
    return true;
  }

  line(text: string): void {
    const folder = entering.exec(text)?.[1];
    if (folder !== undefined) {
      this.#folders.push(folder);
      return;
    }
    if (leaving.test(text)) {
      if (this.#folders.length > 1) this.#folders.pop();
      return;
    }
    if (this.#cmake(text)) return;
    const found = diagnostic.exec(text);
    if (found !== null) {
      const [, file = '', line = '1', column, kind, message = ''] = found;
      if (kind === 'note' && this.#unplaced !== null && message.startsWith('in expansion of macro')) {
        this.#add(file, line, column, 'error', `${this.#unplaced} (${message})`);
        this.#unplaced = null;
        return;
      }
      const severity = kind === 'warning' ? 'warning' : kind === 'note' ? 'information' : 'error';
      this.#add(file, line, column, severity, message);
      return;
    }
    const linked = linker.exec(text) ?? makefile.exec(text);
    if (linked !== null) {
      this.#add(linked[1] ?? '', linked[2] ?? '1', undefined, 'error', linked[3] ?? '');
      return;
    }
    this.#unplaced = commandLine.exec(text)?.[1] ?? this.#unplaced;
    if (general.test(text)) this.#general ??= text.trim().slice(0, mostMessage);
  }

  /** The first error, as one line; null when nothing that was printed looks like one. */
  summary(cwd: string): string | null {
    const first = this.#problems.find((p) => p.severity === 'error');
    if (first === undefined) return this.#general;
    const file = path.relative(cwd, first.file);
    return `${file.startsWith('..') ? first.file : file}:${first.line}: ${first.message}`;
  }
}
