/**
 * A bound on how a text is nested. Parsers recurse, and the grammar's error recovery is quadratic on text that nests or
 * runs on without end; no source that a person or a generator writes for a compiler comes near these figures.
 */

const maxBrackets = 25_000;
const maxConditionals = 2_000;
/** Words and signs other than brackets without `,` `;` `{` `}` or a preprocessor line between them. */
const maxRun = 20_000;

export interface TooComplex {
  /** 1-based. */
  readonly line: number;
  readonly reason: string;
}

const piece =
  /\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|^[ \t]*#[ \t]*(\w*)(?:\\\r?\n|[^\n])*|\n|[\w$]+|[()[\]{},;]|[^\s\w]/gm;

/** The first place where `text` is beyond the bounds, null when it is within them. Linear in its length. */
export function tooComplex(text: string): TooComplex | null {
  let line = 1;
  let brackets = 0;
  let conditionals = 0;
  let run = 0;
  for (const m of text.matchAll(piece)) {
    const s = m[0];
    if (s === '\n') {
      line++;
      continue;
    }
    const directive = m[1];
    if (directive !== undefined) {
      if (/^if/.test(directive)) conditionals++;
      else if (directive === 'endif') conditionals = Math.max(0, conditionals - 1);
      run = 0;
    } else if (s === '(' || s === '[' || s === '{') {
      brackets++;
      if (s === '{') run = 0;
    } else if (s === ')' || s === ']' || s === '}') {
      brackets = Math.max(0, brackets - 1);
      if (s === '}') run = 0;
    } else if (s === ',' || s === ';') run = 0;
    else if (!s.startsWith('/*') && !s.startsWith('//')) run++;
    if (brackets > maxBrackets) return { line, reason: `more than ${maxBrackets} brackets are open` };
    if (conditionals > maxConditionals) return { line, reason: `more than ${maxConditionals} #if are open` };
    if (run > maxRun) return { line, reason: `an expression runs over more than ${maxRun} words and signs` };
    for (let at = s.indexOf('\n'); at >= 0; at = s.indexOf('\n', at + 1)) line++;
  }
  return null;
}

/** The message for such a file. */
export const tooComplexMessage = (c: TooComplex): string =>
  `Here ${c.reason}, which is beyond the bound for one file; the file was not analysed.`;
