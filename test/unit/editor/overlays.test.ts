import { describe, expect, it } from 'vitest';
import { HeatOverlay } from '../../../extension/editor/heat.ts';
import { HoverProvider } from '../../../extension/editor/hovers.ts';
import { LensProvider } from '../../../extension/editor/lenses.ts';
import { counterRange, gateRange, Underlines } from '../../../extension/editor/underlines.ts';
import type { Profile } from '../../../extension/model.ts';
import * as mocked from '../mocks/vscode.ts';
import {
  benchResult,
  counter,
  engineProfile,
  findings,
  fn,
  gate,
  profile,
  site,
  variable,
} from './builders.ts';
import { type Harness, harness, real, root, span } from './harness.ts';

const source = [
  'static _Atomic long g_hits;',
  'void* f(void) {',
  '  atomic_fetch_add(&g_hits, 1);',
  '  atomic_load(&g_head);',
  '  g_plain[c].hits++;',
  '  if (getenv("HAKMEM_X")) return 0;',
  '}',
].join('\n');

const analysed = findings({
  functions: [fn({ name: 'f', line: 2, endLine: 7 })],
  variables: [variable({ line: 1 })],
  atomics: [
    site({ line: 3, column: 3, endLine: 3, endColumn: 31, activity: { state: 'inactive', decidedBy: 'S' } }),
    site({
      line: 4,
      column: 3,
      endLine: 4,
      endColumn: 23,
      class: 'correctness',
      role: 'lock-free',
      target: 'g_head',
      variable: null,
    }),
    site({ line: 3, column: 3, endLine: 3, endColumn: 31, file: 'other.c' }),
  ],
  counters: [counter({ line: 5, target: 'g_plain[c].hits' })],
  gates: [gate({ name: 'HAKMEM_X', line: 6, column: 7, read: 'per-call' })],
});

const insertedLine = { start: { line: 1, column: 1 }, end: { line: 1, column: 1 }, text: '// new\n' };
const type = (h: Harness): void => h.store.journal.record(h.document.uri.toString(), 2, [insertedLine]);

describe('lenses in the editor', () => {
  const provide = (h: Harness): string[] =>
    new LensProvider(h.store, h.config)
      .provideCodeLenses(real.document(h.document))
      .map((l) => `${l.range.start.line + 1} ${l.command?.title} -> ${l.command?.command}`);

  it('stand over their functions, each part with its command', () => {
    expect(provide(harness(source, analysed))).toEqual([
      '1 2 atomics (1 telemetry, 1 correctness) -> allocLens.internal.showRows',
      '1 1 gate -> allocLens.internal.showRows',
      '1 Run benchmark… -> allocLens.runBenchmark',
      '2 hot path · core -> allocLens.runBenchmark',
      '2 1 telemetry atomic (compiled out) -> allocLens.internal.showRows',
      '2 1 correctness: lock-free -> allocLens.internal.showRows',
      '2 1 plain counter -> allocLens.internal.showRows',
      '2 gate HAKMEM_X off, read per call -> allocLens.internal.showRows',
    ]);
  });

  it('follow lines typed above them before the next analysis', () => {
    const h = harness(source, analysed);
    h.document.setText(`// new\n${source}`);
    type(h);
    expect(provide(h).at(-1)).toMatch(/^3 gate/);
  });

  it('obey the settings and ask again only when something could differ', () => {
    const h = harness(source, analysed);
    const provider = new LensProvider(h.store, h.config);
    let asked = 0;
    provider.onDidChangeCodeLenses(() => {
      asked += 1;
    });
    h.store.setState(real.uri(root), 'running');
    expect(asked).toBe(0);
    h.store.setFindings(real.uri(root), analysed);
    h.store.addRun({ result: benchResult(), recordedAt: '2026-11-20T11:42:00.000Z' }, null);
    h.state.configured.fire({ affectsConfiguration: (s) => s === 'allocLens' });
    expect(asked).toBe(3);
    h.state.settings['lens.enabled'] = false;
    expect(provider.provideCodeLenses(real.document(h.document))).toEqual([]);
    provider.dispose();
  });

  it('are absent where nothing was analysed and outside the workspace', () => {
    expect(provide(harness(source))).toEqual([]);
    const h = harness(source, analysed);
    h.state.folders = [];
    expect(provide(h)).toEqual([]);
  });
});

describe('underlines', () => {
  const marks = (h: Harness): Record<string, string[]> => {
    const out: Record<string, string[]> = {};
    for (const [decoration, ranges] of h.editor.decorations) {
      const { borderColor, borderStyle, opacity } = decoration.options;
      const name = [(borderColor as mocked.ThemeColor).id.split('.').at(-1), borderStyle, opacity]
        .filter(Boolean)
        .join(' ');
      if (ranges.length > 0) out[name] = ranges.map((r) => span(r as mocked.Range));
    }
    return out;
  };

  it('tell class by line style, dim what does not run, and mark gates and counters by name', () => {
    const h = harness(source, analysed);
    new Underlines(h.store).paint(real.editor(h.editor));
    expect(marks(h)).toEqual({
      'telemetry dashed 0.65': ['3:3-3:31'],
      'correctness solid': ['4:3-4:23'],
      'counter dotted': ['5:3-5:18'],
      'gate double': ['6:15-6:23'],
    });
  });

  it('mark a compile gate in every condition that tests it, by the text as it is', () => {
    const text =
      '#if HAKMEM_S && !defined(OTHER)\n  #elif HAKMEM_S\nint HAKMEM_S;\n# ifdef HAKMEM_SX\n#endif';
    const flag = gate({ name: 'HAKMEM_S', kind: 'compile', file: 'flags.h', read: null });
    const h = harness(text, findings({ gates: [flag] }));
    type(h);
    new Underlines(h.store).paint(real.editor(h.editor));
    expect(marks(h)).toEqual({ 'gate solid': ['1:5-1:13', '2:9-2:17'] });
    const at = real.position(new mocked.Position(1, 10));
    const [content] = (
      new HoverProvider(h.store).provideHover(real.document(h.document), at) as unknown as mocked.Hover
    ).contents;
    expect(content?.value).toMatch(/^compile gate {2}\*\*HAKMEM\\_S\*\* — off by default/);
  });

  it('follow edits and leave out a site that was typed into', () => {
    const h = harness(source, analysed);
    const underlines = new Underlines(h.store);
    type(h);
    const inside = { start: { line: 4, column: 10 }, end: { line: 4, column: 10 }, text: 'x' };
    h.store.journal.record(h.document.uri.toString(), 3, [inside]);
    h.document.setText(`// new\n${source}`);
    underlines.paint(real.editor(h.editor));
    expect(marks(h)).toEqual({ 'correctness solid': ['5:3-5:23'] });
  });

  it('find the words of gates and counters, or the call and the statement that hold them', () => {
    const columns = (r: ReturnType<typeof gateRange>): number[] => [r.start.column, r.end.column];
    const computed = gate({ name: null, column: 7 });
    expect(columns(gateRange(computed, '  s = getenv(buf);'))).toEqual([7, 18]);
    expect(columns(gateRange({ ...computed, column: 3 }, '  s = 1;  '))).toEqual([3, 8]);
    expect(columns(gateRange(gate({ name: 'A_B', column: 9 }), '#define A_B 0'))).toEqual([9, 12]);
    expect(columns(counterRange(counter({ target: 'p->hits' }), '  p -> hits++;'))).toEqual([3, 14]);
  });

  it('disappear with the findings', () => {
    const h = harness(source, analysed);
    const underlines = new Underlines(h.store);
    underlines.paint(real.editor(h.editor));
    h.store.forgetFolder(real.uri(root));
    underlines.paint(real.editor(h.editor));
    expect(marks(h)).toEqual({});
  });
});

describe('line heat', () => {
  const heated: Profile = profile({
    functions: [
      { name: 'malloc', category: 'wrapper', selfPercent: 100, file: 'engine/allocator/front.ts', line: 1 },
    ],
    lines: [
      { file: 'engine/allocator/front.ts', line: 2, percent: 8.94 },
      { file: 'engine/allocator/front.ts', line: 4, percent: 0.02 },
      { file: 'engine/allocator/front.ts', line: 99, percent: 5 },
    ],
  });
  const engineHarness = (): Harness => {
    const h = harness('a\nb\n\nd');
    const uri = mocked.Uri.from({ scheme: 'alloc-lens-engine', path: '/engine/allocator/front.ts' });
    const document = new mocked.TextDocument(uri, 'typescript', 'a\nb\n\nd');
    const editor = new mocked.TextEditor(document);
    h.state.visible = [editor];
    h.store.addRun({ result: benchResult(), recordedAt: heated.recordedAt }, heated);
    return { ...h, document, editor };
  };
  interface Column {
    readonly range: mocked.Range;
    readonly renderOptions: {
      readonly before: { readonly contentText: string; readonly color: mocked.ThemeColor };
    };
  }
  const painted = (h: Harness): { columns: string[]; backgrounds: string[] } => {
    const columns: string[] = [];
    const backgrounds: string[] = [];
    for (const [decoration, ranges] of h.editor.decorations) {
      const background = decoration.options.backgroundColor as mocked.ThemeColor | undefined;
      for (const r of ranges) {
        if (background !== undefined) backgrounds.push(`${span(r as mocked.Range)} ${background.id}`);
        else {
          const { range, renderOptions } = r as Column;
          const { contentText, color } = renderOptions.before;
          columns.push(
            `${range.start.line + 1} ${contentText.replaceAll('\u00a0', '_')} ${color.id.split('.').at(-1)}`,
          );
        }
      }
    }
    return { columns, backgrounds };
  };

  it('gives every line the column, the measured ones a step, and stays inside the document', () => {
    const h = engineHarness();
    new HeatOverlay(h.store, h.config).paint(real.editor(h.editor));
    expect(painted(h)).toEqual({
      columns: ['1 ______ text', '2 __8.9% strongText', '3 ______ text', '4 _<0.1% text'],
      backgrounds: ['2:1-2:1 allocLens.heat.background8'],
    });
  });

  it('is switched by the toggle and by clearing the profile', () => {
    const h = engineHarness();
    const heat = HeatOverlay.register(h.store, h.config);
    expect(painted(h).columns).toHaveLength(4);
    heat.toggle();
    expect(painted(h)).toEqual({ columns: [], backgrounds: [] });
    expect(h.state.executed.at(-1)).toEqual(['setContext', 'allocLens.heatShown', false]);
    heat.toggle();
    expect(painted(h).columns).toHaveLength(4);
    h.store.clearProfile();
    expect(painted(h)).toEqual({ columns: [], backgrounds: [] });
    heat.dispose();
  });

  it('never stands on a C file for an engine profile', () => {
    const h = harness(source, analysed);
    h.store.addRun(
      { result: benchResult(), recordedAt: heated.recordedAt },
      { ...heated, lines: [{ file: 'a.c', line: 3, percent: 50 }] },
    );
    new HeatOverlay(h.store, h.config).paint(real.editor(h.editor));
    expect(painted(h)).toEqual({ columns: [], backgrounds: [] });
  });

  it('moves the cursor to the hot line, and says when there is none', async () => {
    const h = engineHarness();
    const heat = new HeatOverlay(h.store, h.config);
    await heat.goTo(1);
    expect(h.editor.selection.start).toMatchObject({ line: 1 });
    h.store.clearProfile();
    await heat.goTo(-1);
    expect(h.state.messages).toEqual([expect.stringMatching(/No line of this file was measured/)]);
  });

  it('has a lens over its functions and a hover on its lines', () => {
    const h = engineHarness();
    const lenses = new LensProvider(h.store, h.config);
    const titles = lenses.provideCodeLenses(real.document(h.document)).map((l) => l.command?.title);
    lenses.dispose();
    expect(titles[0]).toBe('Hot 100.0% of samples in this file');
    expect(titles[1]).toMatch(/^random_mixed, engine fast, \d+ days? ago$|^random_mixed, engine fast, /);
    expect(titles.at(-1)).toBe('100.0% self · wrapper');
    const hovers = new HoverProvider(h.store);
    const at = real.position(new mocked.Position(1, 0));
    const [content] = (hovers.provideHover(real.document(h.document), at) as unknown as mocked.Hover)
      .contents;
    expect(content?.value).toMatch(/^\*\*8\.9%\*\* of the run on this line — 1 of 3 measured lines/);
  });
});

describe('hovers in the editor', () => {
  const hover = (h: Harness, line: number, character: number): mocked.MarkdownString[] => {
    const at = real.position(new mocked.Position(line - 1, character - 1));
    const got = new HoverProvider(h.store).provideHover(real.document(h.document), at);
    return (got as unknown as mocked.Hover | null)?.contents ?? [];
  };

  it('answer on a site, a counter and a gate, and nowhere else', () => {
    const h = harness(source, analysed);
    expect(hover(h, 3, 10)[0]?.value).toContain('telemetry</span>: counter  **g\\_hits**');
    expect(hover(h, 5, 4)[0]?.value).toMatch(/^plain counter/);
    expect(hover(h, 6, 18)[0]?.value).toMatch(/^environment gate {2}\*\*HAKMEM\\_X\*\* — off by default/);
    expect(hover(h, 6, 3)).toEqual([]);
    expect(hover(h, 7, 1)).toEqual([]);
  });

  it('may run only the commands that they link to', () => {
    const [text] = hover(harness(source, analysed), 3, 10);
    expect(text?.isTrusted).toEqual({
      enabledCommands: [
        'allocLens.internal.openLocation',
        'allocLens.internal.showRows',
        'allocLens.openReport',
        'allocLens.calibrateCosts',
        'allocLens.openAssembly',
      ],
    });
    const links = [...(text?.value ?? '').matchAll(/\]\(([^)]*)\)/g)].map((m) =>
      decodeURIComponent(m[1] ?? ''),
    );
    expect(links).toContain(
      'command:allocLens.internal.openLocation?[{"origin":"project","root":"file:///project","file":"a.c","line":1,"column":1}]',
    );
  });

  it('follow edits', () => {
    const h = harness(source, analysed);
    type(h);
    h.document.setText(`// new\n${source}`);
    expect(hover(h, 4, 10)[0]?.value).toContain('g\\_hits');
    expect(hover(h, 3, 10)).toEqual([]);
  });
});

it('an engine profile shows on a project by symbol, from the store to the lens', () => {
  const boxes = ['f', 'b1', 'b2', 'b3', 'b4'];
  const functions = boxes.map((name, i) => fn({ name, line: 2 + i, endLine: 2 + i }));
  const h = harness(source, findings({ functions }));
  const shares = engineProfile({ f: 60, b1: 10, b2: 10, b3: 10, b4: 10 });
  h.store.addRun({ result: benchResult(), recordedAt: shares.recordedAt }, shares);
  const lenses = new LensProvider(h.store, h.config);
  const titles = lenses.provideCodeLenses(real.document(h.document)).map((l) => l.command?.title);
  lenses.dispose();
  expect(titles).toContain('60.0% self · core · engine, by symbol');
  expect(titles[0]).toBe('Hot 100.0% of engine samples, by symbol');
});
