/**
 * Named profiles: functions of the program that set variables for the gates to find, chosen by a variable of their own
 * (`MY_PROFILE=fast` makes `setenv("MY_LEAN", "1", 0)`). They are run under the given environment; what they certainly
 * set joins it.
 */
import type { Index } from './index.ts';
import { Interpreter } from './interpret.ts';
import type { Outside } from './outside.ts';
import { type Func, functionOf } from './ir.ts';

const setters = ['setenv', 'putenv', '_putenv', '_putenv_s'];
const maxClimb = 4;

/** The functions to run: from each `setenv` outwards until nothing is handed in any more. */
function profileFunctions(index: Index): Func[] {
  const out: Func[] = [];
  const seen = new Set<Func>();
  const climb = (f: Func, depth: number): void => {
    if (seen.has(f)) return;
    seen.add(f);
    const callers =
      f.params.length === 0 || depth >= maxClimb
        ? []
        : (index.calls.get(f.name) ?? []).flatMap((c) => {
            const g = functionOf(c);
            return g !== null && g !== f && index.callees(c).includes(f) ? [g] : [];
          });
    if (callers.length === 0) out.push(f);
    for (const g of callers) climb(g, depth + 1);
  };
  for (const name of setters) {
    for (const call of index.calls.get(name) ?? []) {
      const f = functionOf(call);
      if (f !== null && !/(^|\/)(tests?|bench(marks?)?|examples?)\//i.test(f.file)) climb(f, 0);
    }
  }
  return out.sort((a, b) => (a.file === b.file ? a.start - b.start : a.file < b.file ? -1 : 1));
}

/** The environment with what the program's profile functions set in it. */
export function withProfiles(
  index: Index,
  env: Readonly<Record<string, string>>,
  outside: (variables: Readonly<Record<string, string>>) => Outside,
): Readonly<Record<string, string>> {
  const functions = profileFunctions(index);
  if (functions.length === 0) return env;
  const now: Record<string, string> = { ...env };
  for (const f of functions) {
    const machine = new Interpreter(index, {
      ...outside(now),
      set: (name, value, overwrite, sure) => {
        if (sure && (overwrite || now[name] === undefined)) now[name] = value;
      },
    });
    machine.perform(f);
  }
  return now;
}
