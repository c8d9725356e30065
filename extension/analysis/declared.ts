/** Declarations as the parsers make them. */
import type { Decl, Expr, TypeRef } from './ir.ts';
import type { Token } from './tokens.ts';

type Storage = Pick<Decl, 'isStatic' | 'isThread' | 'isExtern'>;

/** Of a declaration's specifiers. */
export function storageOf(words: ReadonlySet<string>): Storage {
  return {
    isStatic: words.has('static'),
    isThread: words.has('__thread') || words.has('_Thread_local') || words.has('thread_local'),
    isExtern: words.has('extern'),
  };
}

/** Not linked yet. */
export function declared(name: Token, type: TypeRef, init: Expr | null, storage: Storage): Decl {
  const { isStatic, isThread, isExtern } = storage;
  return { k: 'decl', token: name, up: null, name: name.text, type, init, isStatic, isThread, isExtern };
}
