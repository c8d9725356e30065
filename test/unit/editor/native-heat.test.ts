/** Native profiles on the user's own C sources: heat, lenses, hovers, edits, differences. */
import { describe, expect, it, vi } from 'vitest';
import { HeatOverlay } from '../../../extension/editor/heat.ts';
import { HoverProvider } from '../../../extension/editor/hovers.ts';
import { LensProvider } from '../../../extension/editor/lenses.ts';
import { ProfileLoader } from '../../../extension/editor/profile-loader.ts';
import { ProfileMarks } from '../../../extension/editor/profile-marks.ts';
import type { Profile } from '../../../extension/model.ts';
import * as mocked from '../mocks/vscode.ts';
import { type Harness, harness, real, root } from './harness.ts';
import { details, native, project, source } from './native.ts';

async function loaded(
  profile: Profile = native(),
  findings = project(),
): Promise<Harness & { marks: ProfileMarks }> {
  const h = harness(source, findings, 'core/a.c');
  h.state.files = { '/project/core/a.c': source, '/project/core/b.h': '' };
  const marks = new ProfileMarks(h.store);
  await new ProfileLoader({ store: h.store, log: real.log(h.log) }).add(profile, null);
  return { ...h, marks };
}

interface Column {
  readonly range: mocked.Range;
  readonly renderOptions: {
    readonly before: { readonly contentText: string; readonly color: mocked.ThemeColor };
  };
}

function painted(h: Harness): { columns: Record<number, string>; backgrounds: string[] } {
  new HeatOverlay(h.store, h.config).paint(real.editor(h.editor));
  const columns: Record<number, string> = {};
  const backgrounds: string[] = [];
  for (const [decoration, ranges] of h.editor.decorations) {
    const background = decoration.options.backgroundColor as mocked.ThemeColor | undefined;
    for (const r of ranges) {
      if (background !== undefined) {
        backgrounds.push(`${(r as mocked.Range).start.line + 1} ${background.id.split('.').at(-1)}`);
        continue;
      }
      const { range, renderOptions } = r as Column;
      columns[range.start.line + 1] = renderOptions.before.contentText.replaceAll('\u00a0', '_');
    }
  }
  h.editor.decorations.clear();
  return { columns, backgrounds };
}

const lensesOf = (h: Harness & { marks?: ProfileMarks }): string[] =>
  new LensProvider(h.store, h.config, h.marks ?? null)
    .provideCodeLenses(real.document(h.document))
    .map((l) => `${l.range.start.line + 1} ${l.command?.title}`);

const hoverAt = (h: Harness & { marks?: ProfileMarks }, line: number): string =>
  (
    new HoverProvider(h.store, h.marks ?? null).provideHover(
      real.document(h.document),
      real.position(new mocked.Position(line - 1, 0)),
    )?.contents as mocked.MarkdownString[] | undefined
  )
    ?.map((m) => m.value)
    .join('\n---\n') ?? '';

describe('line heat from a native profile', () => {
  it('stands on the C lines by their path: own share, and in brackets what was inlined there', async () => {
    const h = await loaded();
    const { columns, backgrounds } = painted(h);
    expect(columns[8]).toBe('_40.0%_________');
    expect(columns[4]).toBe('_10.0%_________');
    expect(columns[5]).toBe('________(30.0%)');
    expect(new Set(Object.values(columns).map((c) => c.length))).toEqual(new Set([15]));
    expect(backgrounds.toSorted()).toEqual(['4 background8', '8 background8']);
  });

  it('needs no analysis, and is absent in files that the profile is not of', async () => {
    const bare = harness(source, null, 'core/a.c');
    bare.state.files = { '/project/core/a.c': source };
    await new ProfileLoader({ store: bare.store, log: real.log(bare.log) }).add(native(), null);
    expect(painted(bare).columns[8]).toBe('_40.0%_________');
    const other = await loaded();
    const same = new mocked.TextDocument(mocked.Uri.joinPath(root, 'other/a.c'), 'c', source);
    const editor = new mocked.TextEditor(same);
    expect(painted({ ...other, document: same, editor })).toEqual({ columns: {}, backgrounds: [] });
  });

  it('says of a line its share, its hottest instructions, the source of the figures, and opens assembly', async () => {
    const text = hoverAt(await loaded(), 8);
    expect(text).toContain('**40.0%** of the run on this line — 1 of 2 measured lines in this file');
    expect(text).toContain(
      '```text\n 33.0%      1190  lock addq $0x1,0x2d3c(%rip)\n  7.0%      1198  ret\n```',
    );
    expect(text).toContain('perf cpu\\-clock, 12,345 samples');
    expect(
      decodeURIComponent(
        /\[Open assembly\]\(command:allocLens\.openAssembly\?([^)]*)\)/.exec(text)?.[1] ?? '',
      ),
    ).toBe('[{"uri":"file:///project/core/a.c","line":8,"function":"g","recorded":true}]');
    expect(hoverAt(await loaded(), 5)).toContain('**30.0%** in code that was inlined here');
    expect(hoverAt(await loaded(), 2)).toBe('');
  });

  it('keeps instructions of a hostile file inside their block, and offers no assembly without trust', async () => {
    const [line, ...others] = native().lines;
    if (line === undefined) throw new Error('no line');
    const instructions = [{ address: '1', text: 'nop\n```\n[x](command:evil)', percent: 1, function: 'g' }];
    const h = await loaded(native({ lines: [{ ...line, instructions }, ...others] }));
    h.state.trusted = false;
    const text = hoverAt(h, 8);
    expect(text.match(/```/g)).toHaveLength(2);
    expect(text).toContain("nop ''' [x](command:evil)");
    expect(text).not.toContain('Open assembly');
    expect(lensesOf(h).join()).not.toContain('assembly');
  });

  it('gives functions self and total in their lenses, with their assembly', async () => {
    const lenses = lensesOf(await loaded());
    expect(lenses).toContain('3 10.0% self · 40.0% total · core');
    expect(lenses).toContain('7 40.0% self · 40.0% total · core');
    expect(lenses.filter((l) => l.endsWith(' assembly'))).toEqual(['3 assembly', '7 assembly']);
    expect(lenses).toContain('1 Hot 50.0% of samples in this file');
  });

  it('names counted instructions for callgrind', async () => {
    const event = { name: 'Ir', unit: 'instructions', samples: 40, weight: 8_200_000 } as const;
    const h = await loaded(
      native({ unit: 'instructions', details: details({ format: 'callgrind', event, events: [event] }) }),
    );
    expect(hoverAt(h, 8)).toContain('callgrind Ir, 8,200,000 instructions');
  });
});

describe('marks of a native profile', () => {
  const insert = { start: { line: 1, column: 1 }, end: { line: 1, column: 1 }, text: '// new\n' };

  async function typed(): Promise<Harness & { marks: ProfileMarks }> {
    const h = await loaded();
    h.document.setText(`// new\n${source}`);
    h.state.typed.fire({
      document: h.document,
      contentChanges: [{ range: new mocked.Range(0, 0, 0, 0), text: insert.text }],
    });
    return h;
  }

  it('follow what is typed, also after the findings have caught up, and say so', async () => {
    const h = await typed();
    expect(painted(h).columns[9]).toBe('_40.0%_________');
    h.store.journal.settle(h.document.uri.toString(), 99);
    expect(painted(h).columns[9]).toBe('_40.0%_________');
    expect(hoverAt(h, 9)).toContain('Edited since the recording.');
    expect(lensesOf(h).some((l) => l === '1 edited since the recording')).toBe(true);
  });

  it('follow what was saved since, and start anew with the next recording', async () => {
    const h = await typed();
    h.state.saved.fire(h.document);
    h.state.closed.fire(h.document);
    expect(painted(h).columns[9]).toBe('_40.0%_________');
    const later = new Date(Date.now() + 1000).toISOString();
    await new ProfileLoader({ store: h.store, log: real.log(h.log) }).add(
      native({ recordedAt: later }),
      null,
    );
    expect(painted(h).columns[8]).toBe('_40.0%_________');
    expect(hoverAt(h, 8)).not.toContain('since the recording');
  });

  it('forget what was typed and thrown away', async () => {
    const h = await typed();
    h.state.closed.fire(h.document);
    expect(painted(h).columns[8]).toBe('_40.0%_________');
  });

  it('are doubted in a file that something else wrote after the recording', async () => {
    const h = await loaded();
    let told = 0;
    h.marks.onDidChange(() => {
      told += 1;
    });
    h.state.written['/project/core/a.c'] = Date.parse('2026-11-20T11:41:00.000Z');
    await h.marks.look(real.uri(h.document.uri));
    expect(h.marks.caution(real.uri(h.document.uri))).toBeNull();
    h.state.written['/project/core/a.c'] = Date.parse('2026-11-20T11:43:00.000Z');
    await h.marks.look(real.uri(h.document.uri));
    expect(told).toBe(2);
    expect(hoverAt(h, 8)).toContain('File is newer than the recording: lines may be off.');
    // What was saved here is known.
    h.state.typed.fire({
      document: h.document,
      contentChanges: [{ range: new mocked.Range(8, 1, 8, 1), text: ' ' }],
    });
    h.state.saved.fire(h.document);
    await vi.waitFor(() =>
      expect(h.marks.caution(real.uri(h.document.uri))).toBe('edited since the recording'),
    );
    h.marks.dispose();
  });
});

describe('two native profiles compared', () => {
  async function compared(): Promise<Harness> {
    const h = await loaded();
    const before = h.store.loaded?.id ?? '';
    const after = native({
      functions: native().functions.map((f) => (f.name === 'g' ? { ...f, selfPercent: 20 } : f)),
      lines: [
        { file: '/project/core/a.c', line: 8, percent: 20 },
        { file: '/project/core/a.c', line: 4, percent: 10.1 },
        { file: '/project/core/a.c', line: 3, percent: 3 },
      ],
    });
    const { id } = await new ProfileLoader({ store: h.store, log: real.log(h.log) }).add(after, null);
    h.store.compareProfiles(before, id);
    return h;
  }

  it('show the difference of each line with its sign, blue for less and orange for more', async () => {
    const { columns, backgrounds } = painted(await compared());
    expect(columns[8]).toBe('_−20.0');
    expect(columns[3]).toBe('__+3.0');
    // Within the samples' own spread: the number stands, no colour does.
    expect(columns[4]).toBe('__+0.1');
    expect(backgrounds.toSorted()).toEqual(['3 background6', '8 cooler4']);
  });

  it('say in lens and hover what changed and how sure that is', async () => {
    const h = await compared();
    expect(lensesOf(h)).toContain('7 20.0% self (−20.0 points) · 40.0% total · core');
    const text = hoverAt(h, 8);
    expect(text).toMatch(
      /\*\*−20\.0 points\*\* against random\\_mixed, liba, where it held 40\.0%, 95% between −2\d\.\d and −1\d\.\d/,
    );
    expect(hoverAt(h, 4)).toContain('Too few samples to call it a change.');
  });

  it('stop with the comparison', async () => {
    const h = await compared();
    h.store.stopComparing();
    expect(painted(h).columns[8]).toBe('_20.0%');
  });
});

describe('foreign code', () => {
  it('gets nothing from a native profile that shares only names with it', async () => {
    const elsewhere = project();
    const h = harness('void free(void*p){}', elsewhere, 'core/b.h');
    h.state.files = { '/project/core/b.h': '' };
    await new ProfileLoader({ store: h.store, log: real.log(h.log) }).add(native(), null);
    const free = h.store
      .annotations({ origin: 'project', root: real.uri(root), file: 'core/b.h' })
      .functions.find((f) => f.function.name === 'free');
    expect(free?.selfPercent).toBeNull();
  });
});
