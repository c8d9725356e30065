import { beforeEach, describe, expect, it } from 'vitest';
import { AssemblyView } from '../../../extension/editor/assembly.ts';
import {
  type AssemblyRow,
  listingLines,
  listingOf,
  listingText,
  sourceAt,
  symbolAt,
  symbolCandidates,
} from '../../../extension/editor/assembly-source.ts';
import { ProfileLoader } from '../../../extension/editor/profile-loader.ts';
import { UserError } from '../../../extension/model.ts';
import * as mocked from '../mocks/vscode.ts';
import { engineProfile } from './builders.ts';
import { type Harness, harness, real } from './harness.ts';
import { library, native, project, source } from './native.ts';

const rows: readonly AssemblyRow[] = [
  { address: '1180', text: 'test %edi,%edi', file: '/project/core/a.c', line: 4 },
  { address: '1184', text: 'mov  (%rdi),%rax', file: '/project/core/b.h', line: 2 },
  { address: '1188', text: 'nop', file: '/project/core/b.h', line: 2 },
  { address: '118c', text: 'ret', file: '/project/core/a.c', line: 6 },
  { address: '118d', text: 'nopw 0x0', file: null, line: null },
];

const options = {
  source: 'perf cpu-clock, 12,345 samples',
  caution: null,
  shares: new Map([
    [0x1180, 10],
    [0x1184, 30],
  ]),
  fileOf: (file: string): string | null => file.replace('/project/', ''),
  textOf: (file: string, line: number): string | null =>
    line === 4 ? `  if (n == 0) return 0; // ${file}` : null,
};

describe('a listing', () => {
  const listing = listingOf({ name: 'f', object: library }, rows, options);

  it('has shares, addresses and instructions, with a mark wherever the source line changes', () => {
    expect(listingText(listing)).toBe(
      [
        '; f, liba.so: 40.0% of the samples (perf cpu-clock, 12,345 samples)',
        '',
        '; core/a.c:4 if (n == 0) return 0; // core/a.c',
        '  10.0%      1180  test %edi,%edi',
        '; core/b.h:2',
        '  30.0%      1184  mov (%rdi),%rax',
        '             1188  nop',
        '; core/a.c:6',
        '             118c  ret',
        '             118d  nopw 0x0',
        '',
      ].join('\n'),
    );
  });

  it('knows the lines of either side', () => {
    expect(listingLines(listing, 'core/b.h', 2)).toEqual([5, 6, 7]);
    expect(listingLines(listing, 'core/b.h', 3)).toEqual([]);
    expect(sourceAt(listing, 7)).toEqual({ file: 'core/b.h', line: 2 });
    expect(sourceAt(listing, 3)).toEqual({ file: 'core/a.c', line: 4 });
    expect([1, 2, 10, 99].map((line) => sourceAt(listing, line))).toEqual([null, null, null, null]);
  });

  it('says on its head why shares may be off', () => {
    const off = listingOf({ name: 'f', object: library }, rows, {
      ...options,
      caution: 'the binary is newer',
    });
    expect(listingText(off).split('\n')[1]).toBe('; the binary is newer');
  });
});

describe('the symbol of a function', () => {
  const profile = native({
    functions: native().functions.map((f) => ({ ...f, file: f.file?.replace('/project/', '') ?? null })),
  });

  it('is the hottest that the compiler made of it, in that file alone', () => {
    const clone = { ...profile.functions[0], name: 'g.constprop.0', selfPercent: 55 };
    const cloned = native({ functions: [...profile.functions, clone as (typeof profile.functions)[number]] });
    expect(symbolAt(cloned, 'core/a.c', { name: 'g' })).toEqual({ name: 'g.constprop.0', object: library });
    expect(symbolAt(profile, 'core/b.h', { name: 'g' })).toBeNull();
  });

  it('is looked for in its callers when it was inlined everywhere, the costliest first', () => {
    expect(symbolCandidates(profile, { name: 'take', object: library }).map((s) => s.name)).toEqual([
      'take',
      'f',
    ]);
    expect(symbolCandidates(profile, { name: 'g', object: library }).map((s) => s.name)).toEqual(['g']);
  });
});

describe('Open Assembly', () => {
  let asked: string[] = [];
  beforeEach(() => {
    asked = [];
  });

  async function opened(inlined: readonly string[] = []): Promise<{ h: Harness; view: AssemblyView }> {
    const h = harness(source, project(), 'core/a.c');
    h.state.files = { '/project/core/a.c': source, '/project/core/b.h': '\n  return *p;\n' };
    await new ProfileLoader({ store: h.store, log: real.log(h.log) }).add(native(), null);
    const view = AssemblyView.register({
      store: h.store,
      disassemble: async (object, name) => {
        asked.push(`${object} ${name}`);
        if (inlined.includes(name)) throw new UserError(`${object} has no function ${name} of its own.`);
        return { rows };
      },
      log: real.log(h.log),
    });
    return { h, view };
  }

  const asmEditor = (h: Harness): mocked.TextEditor => {
    const editor = h.state.visible.find((e) => e.document.uri.scheme === 'alloc-lens-asm');
    if (editor === undefined) throw new Error('no assembly is open');
    return editor;
  };

  const lit = (editor: mocked.TextEditor): number[] =>
    [...editor.decorations]
      .filter(
        ([type]) =>
          (type.options.backgroundColor as mocked.ThemeColor).id === 'editor.rangeHighlightBackground',
      )
      .flatMap(([, ranges]) => (ranges as mocked.Range[]).map((r) => r.start.line + 1));

  const hot = (editor: mocked.TextEditor): string[] =>
    [...editor.decorations].flatMap(([type, ranges]) => {
      const { id } = type.options.backgroundColor as mocked.ThemeColor;
      return id.includes('heat')
        ? (ranges as mocked.Range[]).map((r) => `${r.start.line + 1} ${id.split('.').at(-1)}`)
        : [];
    });

  it('shows the function at the cursor beside its source, hot where it was sampled', async () => {
    const { h, view } = await opened();
    h.editor.selection = new mocked.Selection(3, 0, 3, 0);
    await view.open();
    expect(asked).toEqual([`${library} f`]);
    const editor = asmEditor(h);
    expect(editor.document.getText()).toContain('; core/b.h:2 return *p;');
    expect(editor.document.getText()).toContain('  30.0%      1184  mov (%rdi),%rax');
    expect(hot(editor)).toEqual(['4 background8', '6 background8']);
    expect(h.state.executed.at(-1)).toMatchObject([
      'showTextDocument',
      editor.document,
      { viewColumn: mocked.ViewColumn.Beside, preserveFocus: true },
    ]);
    // The cursor's line is lit at once.
    expect(lit(editor)).toEqual([3, 4]);
  });

  it('lights up what belongs together when the cursor moves on either side', async () => {
    const { h, view } = await opened();
    h.editor.selection = new mocked.Selection(3, 0, 3, 0);
    await view.open();
    const editor = asmEditor(h);
    h.editor.selection = new mocked.Selection(5, 0, 5, 0);
    h.state.moved.fire({ textEditor: h.editor });
    expect(lit(editor)).toEqual([8, 9]);
    editor.selection = new mocked.Selection(3, 0, 3, 0);
    h.state.moved.fire({ textEditor: editor });
    expect(lit(h.editor)).toEqual([4]);
    editor.selection = new mocked.Selection(5, 0, 5, 0);
    h.state.moved.fire({ textEditor: editor });
    expect(lit(h.editor)).toEqual([]);
    view.dispose();
  });

  it('follows lines that were typed above since the recording', async () => {
    const { h, view } = await opened();
    h.document.setText(`// new\n${source}`);
    h.store.profileEdits.record(h.document.uri.toString(), [
      { start: { line: 1, column: 1 }, end: { line: 1, column: 1 }, text: '// new\n' },
    ]);
    h.editor.selection = new mocked.Selection(4, 0, 4, 0);
    await view.open();
    expect(asked).toEqual([`${library} f`]);
    expect(lit(asmEditor(h))).toEqual([3, 4]);
    const editor = asmEditor(h);
    editor.selection = new mocked.Selection(3, 0, 3, 0);
    h.state.moved.fire({ textEditor: editor });
    expect(lit(h.editor)).toEqual([5]);
  });

  it('takes the caller of what was inlined, and from links the symbol that they name', async () => {
    const { h, view } = await opened(['take']);
    await view.open({ uri: 'file:///project/core/b.h', line: 2, function: 'take', recorded: true });
    expect(asked).toEqual([`${library} take`, `${library} f`]);
    expect(asmEditor(h).document.uri.path).toBe('/f.s');
  });

  it('starts nothing without trust, without a profile, for the engine, outside a function, and for no source', async () => {
    const { h, view } = await opened();
    h.state.trusted = false;
    await expect(view.open()).rejects.toThrow('trusted workspace');
    h.state.trusted = true;
    h.editor.selection = new mocked.Selection(0, 0, 0, 0);
    await expect(view.open()).rejects.toThrow('there is no function at the cursor');
    h.store.addRun({ result: {} as never, recordedAt: '' }, engineProfile({ malloc: 1 }));
    await expect(view.open()).rejects.toThrow('needs a profile of the program');
    h.store.clearProfile();
    await expect(view.open()).rejects.toThrow('needs a profile of the program');
    await expect(view.open({ uri: 'file:///etc/passwd', line: 1, function: 'f' })).rejects.toThrow(
      'works on a source file of the workspace',
    );
    expect(asked).toEqual([]);
  });

  it('never disassembles what the profile does not know: a link cannot name an object', async () => {
    const { h, view } = await opened();
    h.editor.selection = new mocked.Selection(3, 0, 3, 0);
    await view.open({ uri: 'file:///project/core/a.c', line: 4, function: 'evil', object: '/bin/sh' });
    expect(asked).toEqual([`${library} f`]);
  });

  it('says what to do after a reload, when only the address of a listing is left', async () => {
    const { view } = await opened();
    const uri = mocked.Uri.from({ scheme: 'alloc-lens-asm', path: '/f.s', query: '/bin/sh' });
    expect(view.provideTextDocumentContent(real.uri(uri))).toContain('Open Assembly');
    expect(asked).toEqual([]);
  });

  it('fails with the disassembler’s own line', async () => {
    const { h, view } = await opened(['f', 'main']);
    h.editor.selection = new mocked.Selection(3, 0, 3, 0);
    await expect(view.open()).rejects.toThrow(`${library} has no function f of its own.`);
  });

  it('doubts shares of a binary that is newer than the recording', async () => {
    const { h, view } = await opened();
    h.state.files[library] = '';
    h.state.written[library] = Date.parse('2026-11-20T11:43:00.000Z');
    h.editor.selection = new mocked.Selection(3, 0, 3, 0);
    await view.open();
    expect(asmEditor(h).document.getText()).toContain('; the binary is newer than the recording');
  });
});
