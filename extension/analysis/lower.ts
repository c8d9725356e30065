/** Source text of one file to functions, globals and types: expansion, then parsing. */
import { holds } from './condition.ts';
import { Cursor } from './cursor.ts';
import type { Lowered } from './ir.ts';
import { Expander, type MacroView } from './macros.ts';
import { structBody, translationUnit } from './parse-decl.ts';
import { Unit } from './parse-function.ts';
import type { SourceFile } from './preprocess.ts';
import { platformScope } from './scope.ts';
import { type Alternatives, Kind, Token } from './tokens.ts';

/**
 * Lowers a file with the macros that `view` shows. `types` are the project's type names; with `only`, lowers those
 * tokens instead of the whole file (a macro body, a function that the scan of declarations missed).
 */
export function lowerFile(
  source: SourceFile,
  view: MacroView,
  types: ReadonlySet<string>,
  cpp: boolean,
  only?: readonly Token[],
): Lowered {
  const expander = new Expander(view);
  const expanded = expander.expand(only ?? source.tokens);
  const tokens =
    expander.pragmas || source.idents.has('_Pragma') ? withoutPragmas(expanded, expander.choices) : expanded;
  const scope = platformScope(cpp);
  const unit = new Unit((cond) => holds(cond, scope));
  const cursor = new Cursor(tokens, source, types, cpp, (inner, tag, name, bases) =>
    structBody(inner, unit, tag, name, bases),
  );
  translationUnit(cursor, unit);
  for (const c of expander.choices) c.list = null;
  return {
    file: source.path,
    functions: unit.functions,
    globals: unit.globals,
    structs: unit.structs,
    typedefs: unit.typedefs,
    prototypes: unit.prototypes,
    bounded: expander.bounded,
  };
}

/** `_Pragma("...")` may stand anywhere and means nothing here. */
function withoutPragmas(tokens: readonly Token[], choices: Alternatives[]): readonly Token[] {
  const pragma = (t: Token): boolean =>
    t.text === '_Pragma' || (t.choice?.some((a) => a.tokens.some(pragma)) ?? false);
  if (!tokens.some(pragma)) return tokens;
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const t = tokens[i] as Token;
    if (t.kind === Kind.ident && t.text === '_Pragma' && tokens[i + 1]?.text === '(') {
      while (i < tokens.length && tokens[i]?.text !== ')') i++;
    } else if (t.choice?.some((a) => a.tokens.some(pragma))) {
      const list = t.choice.map((a) => ({ def: a.def, tokens: withoutPragmas(a.tokens, choices) }));
      if (list.some((a) => a.tokens.length > 0)) {
        const open: Alternatives = { list };
        choices.push(open);
        out.push(new Token(t.kind, t.text, t.start, t.end, t.via, open));
      }
    } else out.push(t);
  }
  return out;
}

/** Names that the text declares as types, found without parsing: tags, and the last name of each typedef. */
export function typeNames(source: SourceFile, into: Set<string>): void {
  const { tokens } = source;
  for (let i = 0; i < tokens.length; i++) {
    const t = tokens[i];
    if (t === undefined) continue;
    if (t.text === 'struct' || t.text === 'class' || t.text === 'union' || t.text === 'enum') {
      const n = tokens[i + 1];
      const after = tokens[i + 2]?.text;
      if (
        n?.kind === 1 &&
        (after === '{' || after === ':' || after === ';') &&
        !n.text.startsWith('__attribute')
      )
        into.add(n.text);
    } else if (t.text === 'using' && tokens[i + 2]?.text === '=') {
      const n = tokens[i + 1];
      if (n !== undefined) into.add(n.text);
    } else if (t.text === 'typedef') {
      let open = 0;
      for (let j = i + 1; j < tokens.length && j < i + 4000; j++) {
        const u = tokens[j];
        if (u === undefined) break;
        if (u.text === '{' || u.text === '(' || u.text === '[') {
          if (u.text === '(' && tokens[j + 1]?.text === '*' && tokens[j + 3]?.text === ')') {
            const n = tokens[j + 2];
            if (n?.kind === 1) into.add(n.text);
          }
          open++;
        } else if (u.text === '}' || u.text === ')' || u.text === ']') open--;
        else if (open === 0 && (u.text === ';' || u.text === ',')) {
          for (let b = j - 1; b > i; b--) {
            const n = tokens[b];
            if (n?.kind === 1) {
              into.add(n.text);
              break;
            }
            if (n?.text === '}') break;
          }
          if (u.text === ';') break;
        }
      }
    }
  }
}
