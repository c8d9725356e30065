/** Verdicts have to be readable in every theme: contrast as WCAG 2.2 defines it (1.4.3, 1.4.6). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const themes = ['dark', 'light', 'highContrast', 'highContrastLight'] as const;
type Theme = (typeof themes)[number];

/** Of VS Code's own themes: the editor's, of a hovered row and of the selected one (its contrast themes only draw borders). */
const backgrounds: Readonly<Record<Theme, readonly string[]>> = {
  dark: ['#1f1f1f', '#1e1e1e', '#2a2d2e', '#37373d'],
  light: ['#ffffff', '#f2f2f2', '#e4e6f1', '#e8e8e8'],
  highContrast: ['#000000', '#1f1f1f'],
  highContrastLight: ['#ffffff', '#f2f2f2'],
};
const wanted: Readonly<Record<Theme, number>> = {
  dark: 4.5,
  light: 4.5,
  highContrast: 7,
  highContrastLight: 7,
};

const verdicts = ['go', 'noGo', 'neutral', 'noOp', 'inconclusive'];
const at = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const manifest = JSON.parse(at('package.json')) as {
  contributes: { colors: { id: string; defaults: Readonly<Record<Theme, string>> }[] };
};
const style = at('webview/style.css');

function luminance(hex: string): number {
  expect(hex).toMatch(/^#[0-9a-f]{6}$/);
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

/** Of a rule that begins with `selector {` behind `from`. */
function property(from: string, selector: string, name: string): string {
  const begin = style.indexOf(`${selector} {`, Math.max(0, style.indexOf(from)));
  const rule = style.slice(begin, style.indexOf('}', begin));
  return new RegExp(`${name}: ([^;]+);`).exec(rule)?.[1] ?? 'none';
}

it('measures black on white as 21 to 1', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 10);
  expect(contrast('#e79f4b', '#ffffff')).toBeLessThan(3);
});

describe.each(verdicts)('the colour of %s', (verdict) => {
  const color = manifest.contributes.colors.find((c) => c.id === `allocLens.verdict.${verdict}`);

  it.each(themes)('can be read in %s', (theme) => {
    for (const background of backgrounds[theme]) {
      expect(contrast(color?.defaults[theme] ?? '', background), background).toBeGreaterThanOrEqual(
        wanted[theme],
      );
    }
  });

  it('is the same in an exported file, and dark on paper', () => {
    const name = `--vscode-allocLens-verdict-${verdict}`;
    expect(property('', 'html.offline', name)).toBe(color?.defaults.dark);
    expect(property('prefers-color-scheme: light', 'html.offline', name)).toBe(color?.defaults.light);
    const kebab = verdict.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
    expect(contrast(property('@media print', 'body', `--${kebab}`), '#ffffff')).toBeGreaterThanOrEqual(4.5);
  });

  it('is never alone: a mark of its own stands before the word', () => {
    const kebab = verdict.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
    const marks = verdicts.map((v) =>
      property('', `.verdict.${v.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}::before`, 'content'),
    );
    expect(new Set(marks).size).toBe(verdicts.length);
    expect(style).toMatch(
      new RegExp(`\\.verdict\\.${kebab}(,\\n\\.\\w+)? \\{\\n  color: var\\(--${kebab}\\);`),
    );
  });
});

it('no two verdicts share a colour in a theme', () => {
  for (const theme of themes) {
    const colours = verdicts.map(
      (v) => manifest.contributes.colors.find((c) => c.id === `allocLens.verdict.${v}`)?.defaults[theme],
    );
    expect(new Set(colours).size, theme).toBe(verdicts.length);
  }
});
