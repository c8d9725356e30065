/** Literals, and what the C library's parsing functions make of known strings. */

import type { Value } from './values.ts';

export function charValue(text: string): Value {
  const inner = text.slice(text.indexOf("'") + 1, -1);
  if (inner.length === 1) return inner.charCodeAt(0);
  const escapes: Record<string, number> = { '\\0': 0, '\\n': 10, '\\t': 9, '\\r': 13, '\\\\': 92, "\\'": 39 };
  return escapes[inner];
}

export function floating(text: string): Value {
  const n = Number.parseFloat(text);
  return Number.isNaN(n) ? undefined : n;
}

export function unquote(text: string): string {
  return text
    .slice(text.indexOf('"') + 1, -1)
    .replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c === 't' ? '\t' : c === '0' ? '\0' : c));
}

/** The C library's parsing functions, on known strings. */
export function library(name: string, args: readonly Value[]): Value {
  const plain = name.replace(/^(std::|__builtin_|_)/, '');
  const [a, b, c] = args;
  switch (plain) {
    case 'atoi':
    case 'atol':
    case 'atoll':
    case 'strtol':
    case 'strtoul':
    case 'strtoll':
    case 'strtoull':
    case 'strtoumax': {
      if (typeof a !== 'string') return undefined;
      const base =
        typeof c === 'number' && c !== 0 ? c : /^\s*0x/i.test(a) && plain.startsWith('strto') ? 16 : 10;
      const n = Number.parseInt(a, base);
      return Number.isNaN(n) ? 0 : n;
    }
    case 'atof':
    case 'strtod':
      return typeof a === 'string' ? Number.parseFloat(a) || 0 : undefined;
    case 'strlen':
      return typeof a === 'string' ? a.length : undefined;
    case 'strcmp':
      return typeof a === 'string' && typeof b === 'string' ? (a === b ? 0 : a < b ? -1 : 1) : undefined;
    case 'strcasecmp':
    case 'stricmp':
      return typeof a === 'string' && typeof b === 'string'
        ? a.toLowerCase() === b.toLowerCase()
          ? 0
          : a.toLowerCase() < b.toLowerCase()
            ? -1
            : 1
        : undefined;
    case 'strncmp':
      return typeof a === 'string' && typeof b === 'string' && typeof c === 'number'
        ? a.slice(0, c) === b.slice(0, c)
          ? 0
          : a.slice(0, c) < b.slice(0, c)
            ? -1
            : 1
        : undefined;
    case 'strncasecmp':
      return typeof a === 'string' && typeof b === 'string' && typeof c === 'number'
        ? Number(a.slice(0, c).toLowerCase() !== b.slice(0, c).toLowerCase())
        : undefined;
    case 'tolower':
      return typeof a === 'number' ? String.fromCharCode(a).toLowerCase().charCodeAt(0) : undefined;
    case 'toupper':
      return typeof a === 'number' ? String.fromCharCode(a).toUpperCase().charCodeAt(0) : undefined;
    case 'strstr':
      return typeof a === 'string' && typeof b === 'string'
        ? a.includes(b)
          ? a.slice(a.indexOf(b))
          : 0
        : undefined;
    case 'strchr':
    case 'memchr':
      return typeof a === 'string' && typeof b === 'number'
        ? a.includes(String.fromCharCode(b))
          ? a.slice(a.indexOf(String.fromCharCode(b)))
          : 0
        : undefined;
    case 'isdigit':
      return typeof a === 'number' ? Number(a >= 48 && a <= 57) : undefined;
    default:
      return undefined;
  }
}
