/** Rows of `candidates[]`: places where a hot path could do less, each with its reason and its risk. */
import type { AtomicSite, Candidate, CandidateLetter, Counter, Gate } from '../model.ts';
import { type Build, displayName } from './build.ts';
import { findLayers, findRepeatedChecks, findRoutes } from './layers.ts';
import { type Call, type Func, functionOf } from './ir.ts';

const nothing = { instructionsPerOp: null, branchesPerOp: null, throughputPercent: null };

class Collector {
  readonly rows: Candidate[] = [];
  private readonly ordinals = new Map<string, number>();

  add(
    letter: CandidateLetter,
    at: { file: string; line: number; function: string | null },
    title: string,
    reason: string,
    risk: Candidate['risk'],
    experiment: string,
  ): void {
    const base = `candidate:${letter}:${at.file}:${at.function ?? ''}:${title}`;
    const n = this.ordinals.get(base) ?? 0;
    this.ordinals.set(base, n + 1);
    this.rows.push({ id: `${base}:${n}`, letter, ...at, title, reason, risk, estimate: nothing, experiment });
  }
}

function layers(build: Build, out: Collector): void {
  for (const { func, call, to, gates } of findLayers(build)) {
    out.add(
      'A',
      place(build, func, call),
      `Call ${displayName(to)} without the layer ${displayName(func)}`,
      `${displayName(func)} hands its arguments on to ${displayName(to)}${gates > 0 ? ` behind ${gates} gate check${gates === 1 ? '' : 's'}` : ''} on the hot path.`,
      'low',
      `Build with direct calls of ${displayName(to)} and compare.`,
    );
  }
}

function repeatedChecks(build: Build, out: Collector): void {
  for (const { caller, callee, at } of findRepeatedChecks(build)) {
    out.add(
      'D',
      {
        file: callee.file,
        line: build.position(callee.file, at.token.start).line,
        function: displayName(callee),
      },
      `Trust the check of ${displayName(caller)}`,
      `${displayName(callee)} repeats a check that ${displayName(caller)} has made on the same data before the call.`,
      'medium',
      `Give ${displayName(callee)} a variant that skips it for checked callers; compare.`,
    );
  }
}

function routes(build: Build, out: Collector): void {
  for (const { func, table } of findRoutes(build)) {
    out.add(
      'E',
      {
        file: func.file,
        line: build.position(func.file, func.token.start).line,
        function: displayName(func),
      },
      `Precompute the answer of ${displayName(func)}`,
      `${displayName(func)} works out on each call what ${table} holds, and nothing writes that after start-up.`,
      'low',
      'Keep it as one bit or byte per class and compare.',
    );
  }
}

function place(build: Build, f: Func, n: Call): { file: string; line: number; function: string } {
  return { file: f.file, line: build.position(f.file, n.token.start).line, function: displayName(f) };
}

/** The same gate asked more than once along one path: in a function, or in one that it calls on the way. */
function repeatedGates(build: Build, out: Collector): void {
  const asked = (f: Func): Map<string, Call[]> => {
    const m = new Map<string, Call[]>();
    for (const n of build.index.nodes(f)) {
      if (n.k !== 'call') continue;
      for (const g of build.index.callees(n)) {
        if (g.params.length > 1) continue;
        for (const name of build.guards.gatesOf(g)) {
          const list = m.get(name);
          if (list === undefined) m.set(name, [n]);
          else if (!list.includes(n)) list.push(n);
        }
      }
    }
    return m;
  };
  for (const f of build.index.functions) {
    if (!build.listed(f.file) || build.temperatures.ofFunction(f) !== 'hot') continue;
    const own = asked(f);
    for (const [name, calls] of own) {
      const hot = calls.filter((c) => build.temperatures.at(c) === 'hot');
      const first = hot[0];
      if (first === undefined) continue;
      if (hot.length > 1) {
        out.add(
          'B',
          place(build, f, first),
          `Ask ${name} once`,
          `${displayName(f)} asks ${name} ${hot.length} times on one path.`,
          'medium',
          `Read ${name} once at the entry and pass it down; compare.`,
        );
        continue;
      }
      for (const n of build.index.nodes(f)) {
        if (n.k !== 'call' || build.temperatures.at(n) !== 'hot') continue;
        const inner = build.index
          .callees(n)
          .find(
            (g) =>
              g !== f &&
              build.temperatures.ofFunction(g) === 'hot' &&
              !build.guards.gatesOf(g).includes(name) &&
              asked(g).has(name),
          );
        if (inner === undefined) continue;
        out.add(
          'B',
          place(build, f, first),
          `Ask ${name} once`,
          `${displayName(f)} asks ${name}, and so does ${displayName(inner)} that it calls.`,
          'medium',
          `Pass the answer from ${displayName(f)} to ${displayName(inner)}; compare.`,
        );
        break;
      }
    }
  }
}

export function candidates(
  build: Build,
  sites: readonly AtomicSite[],
  counters: readonly Counter[],
  gates: readonly Gate[],
): Candidate[] {
  const out = new Collector();
  layers(build, out);
  repeatedChecks(build, out);
  routes(build, out);
  repeatedGates(build, out);
  for (const s of sites) {
    const at = { file: s.file, line: s.line, function: s.function };
    const hot = s.temperature === 'hot' || s.temperature === 'warm';
    if (s.class === 'telemetry' && hot && s.operation !== 'load') {
      out.add(
        'C',
        at,
        `Compile out or sample ${s.target ?? 'this update'}`,
        `A telemetry ${s.operation} on a ${s.temperature} path${s.activity.state === 'inactive' ? `, inactive by ${s.activity.decidedBy ?? 'a gate'}` : ''}.`,
        'low',
        'Put it behind a compile flag and compare both sides.',
      );
    }
    if (s.class === 'telemetry' && s.order === 'seq_cst' && s.operation !== 'load' && s.kind !== 'asm') {
      out.add(
        'F',
        at,
        `Relax the order of ${s.target ?? 'this update'}`,
        `Telemetry needs no ordering, and this ${s.operation} is seq_cst.`,
        'low',
        'Use the relaxed order and compare.',
      );
    }
  }
  for (const c of counters) {
    if (c.temperature === 'hot')
      out.add(
        'C',
        { file: c.file, line: c.line, function: c.function },
        `Compile out or sample ${c.target}`,
        'A plain telemetry update on a hot path.',
        'low',
        'Put it behind a compile flag and compare both sides.',
      );
  }
  for (const g of gates) {
    if (g.kind === 'env' && g.hot)
      out.add(
        'H',
        { file: g.file, line: g.line, function: g.function },
        `Read ${g.name ?? 'the variable'} once`,
        'The environment is searched on every call of a hot function.',
        'low',
        'Cache it and compare.',
      );
  }
  // Lock acquisitions and system calls in reach of the hot path.
  const seen = new Set<Func>();
  for (const f of build.index.functions) {
    if (!build.listed(f.file) || build.temperatures.ofFunction(f) !== 'hot' || seen.has(f)) continue;
    for (const n of build.index.nodes(f)) {
      if (
        n.k !== 'call' ||
        n.callee.k !== 'id' ||
        !/^pthread_(mutex|spin|rwlock)_\w*lock$/.test(n.callee.name) ||
        /unlock$/.test(n.callee.name)
      )
        continue;
      if (build.temperatures.at(n) !== 'hot' || functionOf(n) !== f) continue;
      seen.add(f);
      out.add(
        'H',
        place(build, f, n),
        `Take ${n.callee.name} off the hot path`,
        `${displayName(f)} takes a lock where no branch keeps it off the hot path.`,
        'high',
        'Batch the work under the lock or make it per-thread; compare.',
      );
      break;
    }
  }
  return out.rows.sort((a, b) =>
    a.letter === b.letter
      ? a.file === b.file
        ? a.line - b.line
        : a.file < b.file
          ? -1
          : 1
      : a.letter < b.letter
        ? -1
        : 1,
  );
}
