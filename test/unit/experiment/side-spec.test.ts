import { describe, expect, it } from 'vitest';
import { parseSide, withVariants } from '../../../extension/experiment/side-spec.ts';
import { sideLabel } from '../../../extension/profile/side-label.ts';
import { UserError } from '../../../extension/model.ts';

const parse = (text: string) => parseSide('--baseline', text);
const variantOf = (name: string): string => (name.startsWith('FAST') ? 'fast' : 'standard');
const both = (a: string, b: string): readonly string[] => {
  const sides = withVariants(parse(a), parse(b), variantOf);
  return [sides.baseline.variant, sides.treatment.variant];
};

describe('a side', () => {
  it.each([
    ['engine', { target: 'engine', variant: '', preset: null, flags: {}, env: {} }],
    ['engine:standard', { target: 'engine', variant: 'standard', flags: {}, env: {} }],
    [' engine:fast , A=1 , env:B=x=y ', { variant: 'fast', flags: { A: '1' }, env: { B: 'x=y' } }],
    ['engine,EXTRA_CFLAGS=-DX=2,env:B=', { flags: { EXTRA_CFLAGS: '-DX=2' }, env: { B: '' } }],
    ['preset:FAST_V3', { target: 'engine', variant: '', preset: 'FAST_V3' }],
    ['preset:SAFE,env:A=0,B=1', { preset: 'SAFE', env: { A: '0' }, flags: { B: '1' } }],
    ['system', { target: 'system' }],
    ['./a:b/libx.so', { target: './a:b/libx.so', variant: '' }],
  ])('%s', (text, expected) => {
    expect(parse(text)).toMatchObject(expected);
  });

  it('keeps special names plain', () => {
    const { flags } = parse('engine,__proto__=1');
    expect(Object.keys(flags)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(flags)).toBeNull();
  });

  it.each([
    ['', /the target is missing/],
    [',A=1', /the target is missing/],
    [':fast', /the target is missing/],
    ['preset:', /the target is missing/],
    ['engine:', /'engine:' is no target/],
    ['A=1', /'A=1' is no target/],
    ['env:A=1', /is no target/],
    ['engine,', /nothing stands between two commas/],
    ['engine,,A=1', /nothing stands between two commas/],
    ['engine,standard', /'standard' is neither FLAG=VALUE nor env:NAME=VALUE/],
    ['engine,1A=2', /'1A=2' is neither/],
    ['engine,env:A', /'env:A' is neither/],
    ['engine,env:=1', /is neither/],
    ['engine,A=1,A=2', /A is there twice/],
    ['engine,env:A=1,env:A=1', /A is there twice/],
  ])('refuses %j with one line that says what would be right', (text, message) => {
    expect(() => parse(text)).toThrow(UserError);
    expect(() => parse(text)).toThrow(message);
    expect(() => parse(text)).toThrow(/write it as TARGET\[:VARIANT\]/);
    expect(() => parse(text)).toThrow(/^--baseline /);
  });

  it('cuts what it repeats', () => {
    try {
      parse(`engine,${'x'.repeat(5000)}`);
      expect.unreachable();
    } catch (error) {
      expect((error as UserError).message.length).toBeLessThan(500);
    }
  });
});

describe('variants', () => {
  it('are fast, and standard on both sides as soon as one names a gate', () => {
    expect(both('engine', 'engine,A=1')).toEqual(['fast', 'fast']);
    expect(both('engine', 'engine,env:A=1')).toEqual(['standard', 'standard']);
    expect(both('engine:fast', 'engine,env:A=1')).toEqual(['fast', 'standard']);
  });

  it('come from a preset, for the other side too', () => {
    expect(both('preset:FAST_V3', 'preset:SAFE')).toEqual(['fast', 'standard']);
    expect(both('engine', 'preset:SAFE')).toEqual(['standard', 'standard']);
    expect(both('preset:FAST_V3', 'engine')).toEqual(['fast', 'fast']);
  });

  it('of native allocators are native, whatever gates they are given', () => {
    expect(both('system', 'mimalloc,env:MIMALLOC_EAGER_COMMIT=0')).toEqual(['native', 'native']);
    expect(both('system,env:A=1', 'engine')).toEqual(['native', 'fast']);
  });
});

describe('labels', () => {
  it('name what is set', () => {
    const { baseline, treatment } = withVariants(
      parse('preset:SAFE,env:A=1,B=2'),
      parse('mimalloc'),
      variantOf,
    );
    expect(sideLabel(baseline)).toBe('engine standard, preset SAFE, B=2, env A=1');
    expect(sideLabel(treatment)).toBe('mimalloc');
  });
});
