/** Everything at file, namespace and class scope: globals, structs, typedefs, and where functions begin. */
import { type Cursor, builtins, isAttribute, qualifiers } from './cursor.ts';
import { declared, storageOf } from './declared.ts';
import type { Decl, Expr, Field, Struct, TypeRef } from './ir.ts';
import { link } from './ir.ts';
import { assignment } from './parse-expr.ts';
import { defaultOf, initialMembers } from './parse-init.ts';
import { settleHead } from './parse-header.ts';
import { argumentsOf, initializer } from './parse-operand.ts';
import { declarator, specifiers } from './parse-type.ts';
import { Kind, type Token, textOf } from './tokens.ts';
import { type Unit, functionFrom, parameters, trailer } from './parse-function.ts';

/** Members of a struct, union, class or enum; its position is behind the `{`. */
export function structBody(c: Cursor, unit: Unit, tag: Token, name: string, bases: readonly string[]): void {
  if (tag.text === 'enum') return;
  const fields: Field[] = [];
  const defaults: Expr[] = [];
  const kind = tag.text as Struct['kind'];
  while (!c.done) {
    const before = c.at;
    const r = c.raw();
    if (r.kind === Kind.directive || r.text === ';') {
      c.at++;
      continue;
    }
    const t = c.peek();
    if ((t.text === 'public' || t.text === 'private' || t.text === 'protected') && c.is(':', 1)) {
      c.at += 2;
      continue;
    }
    if (t.text === 'using' || t.text === 'friend' || t.text === 'static_assert') {
      if (t.text === 'using') alias(c, unit);
      else skipStatement(c);
      continue;
    }
    if (t.text === 'typedef') {
      typedef(c, unit);
      continue;
    }
    if (t.text === 'template') {
      c.at++;
      const angles = c.behindAngles(c.at);
      if (angles > 0) c.at = angles;
      continue;
    }
    const spec = specifiers(c);
    if (c.is(';') && spec.type.base.includes('@')) {
      // An anonymous struct or union: its members are this one's.
      const inner = unit.structs.find((s) => s.name === spec.type.base);
      if (inner !== undefined) fields.push(...inner.fields);
    }
    for (let n = 0; n < 200 && !c.done && !c.is(';'); n++) {
      const at = c.at;
      const d = declarator(c, spec.type);
      const found = new Set([...spec.attributes, ...d.attributes]);
      if (d.paramsAt >= 0) {
        const inits: Expr[] = [];
        trailer(c, found, inits);
        if (c.is('{')) {
          functionFrom(c, unit, spec, d, name, t, found, inits);
          break;
        }
        if (c.accept('=')) c.at++;
        if (d.name !== null) unit.prototypes.push({ name: d.name.text, returns: d.type, attributes: found });
      } else if (d.name !== null) {
        // A static member is one object, not a part of each.
        if (spec.words.has('static')) {
          const decl: Decl = {
            k: 'decl',
            token: d.name,
            up: null,
            name: d.name.text,
            type: d.type,
            init: null,
            isStatic: false,
            isThread: spec.words.has('thread_local') || spec.words.has('__thread'),
            isExtern: true,
          };
          unit.globals.push(decl);
        } else fields.push({ name: d.name.text, type: d.type, token: d.name });
      }
      if (c.accept(':')) assignment(c);
      const member = d.name?.text ?? '';
      if (c.accept('=')) defaults.push(defaultOf(c.is('{') ? initializer(c) : assignment(c), member));
      else if (c.is('{') && c.cpp) defaults.push(defaultOf(initializer(c), member));
      if (!c.accept(',') || c.at === at) break;
    }
    if (!c.accept(';') && c.at === before) c.at++;
  }
  if (c.cpp) initialMembers(unit.functions, name, tag, c, defaults);
  unit.structs.push({ name, kind, file: c.file.path, token: tag, fields, bases });
}

function prototypeTypes(c: Cursor, at: number): TypeRef[] {
  return parameters(c.sub(c.slice(at + 1, c.behind(at) - 1))).map((p) => p.type);
}

function skipStatement(c: Cursor): void {
  for (let n = 0; n < 4000 && !c.done; n++) {
    if (c.accept(';')) return;
    if (c.is('}')) return;
    c.at = c.is('(') || c.is('{') || c.is('[') ? c.behind(c.at) : c.at + 1;
  }
}

function alias(c: Cursor, unit: Unit): void {
  const name = c.peek(1);
  if (name.kind === Kind.ident && c.is('=', 2)) {
    c.at += 3;
    const from = c.at;
    const spec = specifiers(c);
    const d = declarator(c, spec.type);
    // `using short = some::name<T>;`: a lone name reads as a declarator's.
    const lone = spec.type.base === '' && d.name !== null && d.paramsAt < 0;
    const type = lone ? { ...d.type, base: d.name?.text ?? '', text: textOf(c.slice(from, c.at)) } : d.type;
    unit.typedefs.push({ name: name.text, type, token: name });
  }
  skipStatement(c);
}

function typedef(c: Cursor, unit: Unit): void {
  c.at++;
  const spec = specifiers(c);
  for (let n = 0; n < 50 && !c.done && !c.is(';'); n++) {
    const d = declarator(c, spec.type);
    if (d.name !== null)
      unit.typedefs.push({
        name: d.name.text,
        type: d.paramsAt >= 0 ? { ...d.type, callable: true } : d.type,
        token: d.name,
      });
    if (!c.accept(',')) break;
  }
  skipStatement(c);
}

/** A whole file, or one expansion of a macro that stands at file scope. */
export function translationUnit(c: Cursor, unit: Unit): void {
  while (!c.done) {
    const before = c.at;
    let r = c.raw();
    if (r.kind === Kind.directive || r.text === ';' || r.text === '}') {
      c.at++;
      continue;
    }
    settleHead(c, unit.live);
    r = c.raw();
    if (r.kind === Kind.choice && r.choice !== null) {
      const after = c.raw(1);
      if (
        r.choice.some((a) => a.tokens.some((t) => t.text === '{' || t.text === ';')) ||
        after.text === ';'
      ) {
        c.at++;
        for (const a of r.choice) translationUnit(c.sub(a.tokens), unit);
        continue;
      }
    }
    const t = c.peek();
    if (t.text === 'extern' && c.peek(1).kind === Kind.string && c.is('{', 2)) {
      c.at += 3;
      continue;
    }
    if (t.text === 'namespace' || (t.text === 'inline' && c.is('namespace', 1))) {
      for (let n = 0; n < 20 && !c.done && !c.is('{') && !c.is(';'); n++) c.at++;
      c.at++;
      continue;
    }
    if (t.text === 'template') {
      c.at++;
      const angles = c.behindAngles(c.at);
      if (angles > 0) c.at = angles;
      continue;
    }
    if (t.text === 'using') {
      alias(c, unit);
      continue;
    }
    if (t.text === 'typedef') {
      typedef(c, unit);
      continue;
    }
    if (t.kind !== Kind.ident && t.text !== '::' && t.text !== '[' && t.text !== '~') {
      c.at = t.text === '{' ? c.at + 1 : c.at + 1;
      continue;
    }
    if (isAttribute(t) && (t.text === '_Static_assert' || t.text === 'static_assert')) {
      skipStatement(c);
      continue;
    }
    declaration(c, unit, t);
    if (c.at === before) c.at++;
  }
}

/** Whether the parentheses at `at` hold values, not parameters. */
function argumentsInside(c: Cursor, at: number): boolean {
  const end = c.behind(at);
  const inner = c.slice(at + 1, end - 1);
  const first = inner[0];
  if (first === undefined) return false;
  if (first.kind === Kind.choice) return true;
  if (inner.length === 1 && /^(true|false|nullptr|NULL|this)$/.test(first.text)) return true;
  for (let i = 0; i < inner.length; i++) {
    const t = inner[i];
    const next = inner[i + 1];
    if (t === undefined) break;
    if (t.kind === Kind.number || t.kind === Kind.string || t.kind === Kind.char)
      return inner[i - 1]?.text !== '=';
    if (t.kind === Kind.ident && (next?.text === '(' || next?.text === '.' || next?.text === '->'))
      return true;
    if (t.text === '!' || t.text === '+' || t.text === '-' || t.text === '?') return true;
    if (t.text === '=') return false;
    // Two names in a row are a parameter.
    if (t.kind === Kind.ident && next?.kind === Kind.ident) return false;
  }
  const last = inner[inner.length - 1];
  return (
    inner.every((t) => t.kind === Kind.ident || t.text === '::') &&
    last !== undefined &&
    !c.isTypeName(last) &&
    !builtins.has(last.text) &&
    inner.length > 1
  );
}

function declaration(c: Cursor, unit: Unit, start: Token): void {
  const spec = specifiers(c);
  const storage = storageOf(spec.words);
  const declare = (name: Token, type: TypeRef, init: Expr | null): void => {
    const decl = declared(name, type, init, storage);
    link(decl);
    unit.globals.push(decl);
  };
  for (let n = 0; n < 5000 && !c.done; n++) {
    if (c.accept(';')) return;
    const at = c.at;
    const d = declarator(c, spec.type);
    const found = new Set([...spec.attributes, ...d.attributes]);
    if (d.paramsAt >= 0 && d.name !== null) {
      const behindParams = c.at;
      const inits: Expr[] = [];
      trailer(c, found, inits);
      if (c.is('{')) {
        functionFrom(c, unit, spec, d, null, start, found, inits);
        return;
      }
      if (c.is('=') || c.is(';') || c.is(',')) {
        const nothing = spec.type.base === '' && d.type.pointer === 0;
        if (c.accept('=')) c.at++;
        else if (c.cpp && !nothing && !storage.isExtern && argumentsInside(c, d.paramsAt)) {
          // `T name(value);`: an object, initialised directly.
          c.at = d.paramsAt;
          const list = argumentsOf(c);
          c.at = behindParams;
          const init: Expr = {
            k: 'init',
            token: d.name,
            up: null,
            items: list.args.map((x) => ({ field: null, x })),
          };
          declare(d.name, d.type, init);
          if (!c.accept(',')) {
            c.accept(';');
            return;
          }
          continue;
        }
        if (!nothing)
          unit.prototypes.push({
            name: d.name.text,
            returns: d.type,
            attributes: found,
            ...(c.cpp ? { params: prototypeTypes(c, d.paramsAt) } : {}),
          });
        else {
          // `MACRO(args);` at file scope: keep the arguments, they may be calls.
          c.at = d.paramsAt;
          argumentsOf(c);
          c.at = behindParams;
        }
      } else if (!qualifiers.has(c.peek().text)) {
        // `MACRO(args)` without a semicolon.
        return;
      }
    } else if (d.name !== null && (spec.type.base !== '' || d.type.pointer > 0)) {
      let init: Expr | null = null;
      if (c.accept('=')) init = c.is('{') ? initializer(c) : assignment(c);
      else if (c.is('{') && c.cpp) init = initializer(c);
      declare(d.name, d.type, init);
    } else if (c.at === at) return;
    if (!c.accept(',')) {
      if (!c.accept(';') && c.is('{')) c.at = c.behind(c.at);
      return;
    }
  }
}
