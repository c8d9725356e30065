import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { colors } from '../../../extension/editor/ids.ts';
import {
  changeBar,
  changeStep,
  changeText,
  columnText,
  gutterBar,
  heatStep,
  heatSteps,
  neighbourHotLine,
} from '../../../extension/editor/heat-scale.ts';

describe('heat steps', () => {
  it('start at 0.1% and end at 5%', () => {
    expect([0, 0.05, 0.0999, 0.1, 0.19, 0.2, 0.8, 1, 4.99, 5, 100, Number.NaN].map(heatStep)).toEqual([
      0, 0, 0, 1, 1, 2, 4, 5, 7, 8, 8, 0,
    ]);
  });

  it('never fall as the share rises', () => {
    const share = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(fc.property(share, share, (a, b) => heatStep(Math.min(a, b)) <= heatStep(Math.max(a, b))));
  });
});

describe('the percentage column', () => {
  it('has one width for every share', () => {
    const texts = [null, 0, 0.04, 0.1, 8.94, 23.84, 100].map(columnText);
    expect(texts.map((t) => t.replaceAll('\u00a0', '_'))).toEqual([
      '______',
      '____0%',
      '_<0.1%',
      '__0.1%',
      '__8.9%',
      '_23.8%',
      '100.0%',
    ]);
    expect(new Set(texts.map((t) => t.length))).toEqual(new Set([6]));
  });
});

it('the gutter bar grows with each step', () => {
  const widths = Array.from({ length: heatSteps }, (_, i) => {
    const svg = Buffer.from(gutterBar(i + 1, '#f0a44b').split(',')[1] ?? '', 'base64').toString();
    return Number(/rect [^>]*width="(\d+)"/.exec(svg)?.[1]);
  });
  expect(widths).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
});

describe('next and previous hot line', () => {
  const heat = [
    { line: 5, percent: 0.2 },
    { line: 10, percent: 9 },
    { line: 20, percent: 4 },
    { line: 30, percent: 2 },
    { line: 40, percent: 0.5 },
  ];
  it('visits the lines within two steps of the hottest, around the end', () => {
    const visited: (number | null)[] = [];
    for (let line = 1, i = 0; i < 4; i++) {
      const next = neighbourHotLine(heat, line, 1);
      visited.push(next);
      line = next ?? 1;
    }
    expect(visited).toEqual([10, 20, 30, 10]);
    expect(neighbourHotLine(heat, 10, -1)).toBe(30);
    expect(neighbourHotLine(heat, 25, -1)).toBe(20);
  });
  it('has none where nothing was measured', () => {
    expect(neighbourHotLine([], 3, 1)).toBeNull();
    expect(neighbourHotLine([{ line: 1, percent: 0.01 }], 3, 1)).toBeNull();
  });
});

describe('the contributed colours', () => {
  interface Color {
    readonly id: string;
    readonly defaults: Readonly<Record<'dark' | 'light' | 'highContrast' | 'highContrastLight', string>>;
  }
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    readonly contributes: { readonly colors: readonly Color[] };
  };
  const background = (step: number): Color => {
    const color = manifest.contributes.colors.find((c) => c.id === `allocLens.heat.background${step}`);
    if (color === undefined) throw new Error(`no colour for step ${step}`);
    return color;
  };
  const linear = (hex: string): number[] =>
    [1, 3, 5].map((i) => {
      const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
  /** Björn Ottosson, "A perceptual color space for image processing" (2020). */
  const oklab = (hex: string): number[] => {
    const [r = 0, g = 0, b = 0] = linear(hex);
    const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return [
      0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
      1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
      0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
    ];
  };
  const distance = (a: string, b: string): number => {
    const [x, y] = [oklab(a), oklab(b)];
    return Math.hypot(...x.map((v, i) => v - (y[i] ?? 0)));
  };
  const luminance = (hex: string): number => {
    const [r = 0, g = 0, b = 0] = linear(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string): number => {
    const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };

  it.each([
    ['dark', '#cccccc'],
    ['light', '#3b3b3b'],
    ['highContrast', '#ffffff'],
    ['highContrastLight', '#292929'],
  ] as const)('are perceptually even and keep text readable in %s', (theme, text) => {
    const ramp = Array.from({ length: heatSteps }, (_, i) => background(i + 1).defaults[theme]);
    const steps = ramp.slice(1).map((color, i) => distance(ramp[i] ?? color, color));
    const mean = steps.reduce((a, b) => a + b, 0) / steps.length;
    for (const step of steps) expect(Math.abs(step - mean) / mean).toBeLessThan(0.25);
    for (const color of ramp) expect(contrast(color, text)).toBeGreaterThan(4.5);
  });

  it.each([
    ['dark', '#cccccc'],
    ['light', '#3b3b3b'],
    ['highContrast', '#ffffff'],
    ['highContrastLight', '#292929'],
  ] as const)(
    'of lines that cost less are even, readable and far from those that cost more in %s',
    (theme, text) => {
      const cooler = [1, 2, 3, 4].map((step) => {
        const color = manifest.contributes.colors.find((c) => c.id === colors.coolerBackground(step));
        if (color === undefined) throw new Error(`no colour for step -${step}`);
        return color.defaults[theme];
      });
      const steps = cooler.slice(1).map((color, i) => distance(cooler[i] ?? color, color));
      const mean = steps.reduce((a, b) => a + b, 0) / steps.length;
      for (const step of steps) expect(Math.abs(step - mean) / mean).toBeLessThan(0.25);
      for (const color of cooler) expect(contrast(color, text)).toBeGreaterThan(4.5);
      // Yellow against blue, which the common kinds of colour blindness leave apart: OKLab's third axis.
      cooler.forEach((blue, i) => {
        const [, , b = 0] = oklab(blue);
        const [, , orange = 0] = oklab(background(2 * (i + 1)).defaults[theme]);
        expect(orange - b).toBeGreaterThan(0.02 * (i + 1));
      });
    },
  );
});

describe('differences', () => {
  const change = (delta: number, interval: readonly [number, number] | null = null) => ({
    before: 5,
    delta,
    interval,
  });

  it('have four steps each way, and none where the samples do not show a change', () => {
    expect([0.1, 0.2, 0.6, 1.8, 5, -0.3, -40].map((d) => changeStep(change(d)))).toEqual([
      0, 1, 2, 3, 4, -1, -4,
    ]);
    expect(changeStep(change(4, [-0.5, 8.5]))).toBe(0);
    expect(changeStep(change(4, [0.5, 7.5]))).toBe(3);
  });

  it('are told by sign and by the side of the bar, without colour', () => {
    expect([1.24, -0.8, 0.04, -0.04].map((d) => changeText(change(d)).trim())).toEqual([
      '+1.2',
      '−0.8',
      '±0.0',
      '±0.0',
    ]);
    const x = (step: number): number =>
      Number(/x="([\d.]+)" y="3"/.exec(atob(changeBar(step, '#000').split(',')[1] ?? ''))?.[1]);
    expect([x(-4), x(-1), x(1), x(4)]).toEqual([0, 6, 8, 8]);
  });

  it('are what the next hot line is chosen by while two profiles are compared', () => {
    const heat = [
      { line: 1, percent: 40, change: change(0.1) },
      { line: 5, percent: 1, change: change(-6) },
      { line: 9, percent: 2 },
    ];
    expect(neighbourHotLine(heat, 1, 1)).toBe(5);
    expect(neighbourHotLine(heat, 5, 1)).toBe(5);
  });
});
