import { describe, expect, it } from 'vitest';
import type { ReportModel } from '../../../extension/model.ts';
import { buildReport } from '../../../extension/report/build.ts';
import { renderHtml } from '../../../extension/report/html.ts';
import { renderMarkdown } from '../../../extension/report/markdown.ts';
import { contentSecurityPolicy, jsonForScript, renderPage } from '../../../extension/report/page.ts';
import { fileUri, renderSarif } from '../../../extension/report/sarif.ts';
import { ansi } from '../../../extension/report/style.ts';
import { markdownCell, markdownCode, textTable } from '../../../extension/report/table.ts';
import { renderText } from '../../../extension/report/text.ts';
import { benchText } from '../../../extension/report/text-bench.ts';
import { findingsText } from '../../../extension/report/text-findings.ts';
import { candidate, findings, profile, run, site, variable } from './fixtures.ts';

const hostile = '</script><script>alert(1)</script><!--"\'&|`\u001b[31m\u202e';

function model(over: Partial<Parameters<typeof buildReport>[0]> = {}): ReportModel {
  return buildReport({
    title: 'samples/hakmem',
    createdAt: '2026-11-20T10:31:00Z',
    findings: findings({ candidates: [candidate()] }),
    profile: profile(),
    runs: [run()],
    ...over,
  });
}

describe('markdown', () => {
  it("prints the hot functions as the documents' top-10 table", () => {
    const text = renderMarkdown(model({ findings: findings() }));
    expect(text).toContain(
      [
        '## Top 10 hot functions',
        '',
        'Self time on engine sampled, random_mixed; functions: V8 sampler. By category: wrapper 54.63%, benchmark 22.02%, core 15.21%, env 1.22%.',
        '',
        '| Function | % time | Category | Reduction Target? |',
        '|---|---:|---|---|',
        '| **front_fastlane_try_free** | 23.97% | Wrapper | ✓ **YES** (A: remove layer) |',
        '| **malloc** | 23.84% | Wrapper | ✓ **YES** (A: remove layer) |',
        '| main | 22.02% | Benchmark | (baseline) |',
        '| **free** | 6.82% | Wrapper | ✓ **YES** (A: remove layer) |',
        '| unified_cache_push | 4.44% | Core | Optimize later |',
        '| tiny_header_finalize_alloc | 4.34% | Core | Optimize later |',
        '| tiny_c7_ultra_alloc | 3.38% | Core | Optimize later |',
        '| tiny_c7_ultra_free | 2.07% | Core | Optimize later |',
        '| **hakmem_env_snapshot_enabled** | 1.22% | ENV | ✓ **YES** (B: read once) |',
        '| hak_super_lookup | 0.98% | Core | Optimize later |',
      ].join('\n'),
    );
  });

  it('keeps hostile names inside their cell', () => {
    const text = renderMarkdown(
      model({ findings: findings({ variables: [variable({ name: hostile, evidence: [] })] }) }),
    );
    const row = text.split('\n').find((l) => l.includes('alert(1)'));
    expect(row?.match(/(?<!\\)\|/g)).toHaveLength(9);
    expect(text).not.toContain('\u001b');
  });

  it('escapes markup but not underscores inside words', () => {
    expect(markdownCell('a_b *c* [d](e) <f> _g_')).toBe('a_b \\*c\\* \\[d\\](e) \\<f\\> \\_g\\_');
    expect(markdownCode('a`b')).toBe('`` a`b ``');
    expect(markdownCode('x|y')).toBe('`x\\|y`');
  });
});

describe('html', () => {
  const assets = { script: 'console.log("</script>", 1)', style: 'p{color:red}' };

  it('embeds data that cannot break out and reads back unchanged', () => {
    const m = model({ title: hostile, findings: findings({ atomics: [site({ target: hostile })] }) });
    const page = renderHtml(m, assets);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    const json = /<script type="application\/json"[^>]*>(.*)<\/script>/.exec(page)?.[1] ?? '';
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(m)));
  });

  it('escapes line separators that older script parsers end a line at', () => {
    expect(jsonForScript('\u2028\u2029<')).toBe('"\\u2028\\u2029\\u003c"');
  });

  it('carries the strict policy and the nonce that the toolkit looks for', () => {
    const page = renderHtml(model(), assets);
    const nonce = /<meta property="csp-nonce" content="([^"]{32})">/.exec(page)?.[1] ?? '';
    expect(nonce).not.toBe('');
    expect(page).toContain(
      `content="default-src &#39;none&#39;; script-src &#39;nonce-${nonce}&#39;; style-src &#39;nonce-${nonce}&#39;;`,
    );
    expect(page).not.toMatch(/unsafe|https?:|src="/);
  });

  it('gives the same bytes for the same report', () => {
    expect(renderHtml(model(), assets)).toBe(renderHtml(model(), assets));
  });

  it("allows only the webview's own source beside the nonce", () => {
    expect(contentSecurityPolicy('abc', 'https://x.vscode-cdn.net')).toBe(
      "default-src 'none'; script-src 'nonce-abc'; style-src https://x.vscode-cdn.net 'nonce-abc'; base-uri 'none'; form-action 'none'",
    );
    const page = renderPage({
      title: hostile,
      nonce: 'abc',
      source: 's',
      script: { uri: 'a"b.js' },
      style: { uri: 'c.css' },
      model: null,
    });
    expect(page).toContain('src="a&quot;b.js"');
    expect(page.match(/<script/g)).toHaveLength(1);
  });
});

describe('text', () => {
  it('aligns columns and drops control characters', () => {
    const lines = textTable(
      [
        { title: 'name', cell: (r: { n: string; v: number }) => r.n },
        { title: 'v', cell: (r) => String(r.v), align: 'right' },
      ],
      [
        { n: 'a\u001b[31mb', v: 1 },
        { n: 'c', v: 100 },
      ],
    );
    expect(lines).toEqual(['name       v', 'a [31mb    1', 'c        100']);
  });

  it('lists telemetry before correctness, gates with default, diagnostics last', () => {
    const text = findingsText(
      findings({
        diagnostics: [
          { code: 'parse', severity: 'warning', file: 'a.c', line: 3, message: 'does not parse' },
        ],
      }),
    );
    const order = [
      '1 file, 120 lines: 1 atomic site on 2 variables, 2 gates, 1 plain counter',
      'Atomic variables: 1 telemetry, 0 unknown, 1 correctness',
      'g_free_ss_enter',
      'g_bg_spill_len',
      'Environment gates',
      'HAKMEM_ENV_SNAPSHOT',
      'Compile gates',
      'Plain counters',
      'a.c:3: warning: does not parse [parse]',
    ].map((part) => text.indexOf(part));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(text).toMatch(
      /g_free_ss_enter +telemetry +counter +hot +active +1 +core\/stats\.c:7 +its only read is printed/,
    );
    expect(text).toMatch(
      /HAKMEM_ENV_SNAPSHOT +on +per-call +hot +1 +hakmem_env_snapshot_enabled core\/env\.c:12/,
    );
  });

  it('colours only when asked to', () => {
    expect(findingsText(findings())).not.toContain('\u001b');
    expect(findingsText(findings(), ansi)).toContain('\u001b[33mg_free_ss_enter');
  });

  it('cuts the evidence to a terminal and leaves other sections whole', () => {
    const long = variable({
      evidence: [{ file: 'a.c', line: 1, column: 1, text: '', reason: 'a very long reason '.repeat(5) }],
    });
    const lines = findingsText(findings({ variables: [long] }), undefined, 110).split('\n');
    const row = lines.find((l) => l.startsWith('g_free_ss_enter'));
    expect(row).toHaveLength(110);
    expect(row?.endsWith('…')).toBe(true);
  });

  it('prints a benchmark with its runs, functions, lines and module', () => {
    const text = benchText(
      run({
        profile: {
          target: 'engine',
          variant: 'sampled',
          speedAgainstFast: 0.62,
          functions: profile().functions,
          lines: [
            { file: 'engine/allocator/free.ts', line: 9, percent: 3.5 },
            { file: 'engine/allocator/malloc.ts', line: 5, percent: 9.5 },
          ],
        },
      }),
      undefined,
      (file, line) => `${file} has ${line}`,
    );
    expect(text).toContain(
      'random_mixed on engine fast: 1 thread, 20,000,000 operations a pass, 3 processes',
    );
    expect(text).toMatch(/ +1 {2}64\.20 M ops\/s {2}50\.10 M ops\/s +4/);
    expect(text).toContain('median 64.10 M ops/s');
    expect(text).toContain('cv 0.16%');
    expect(text).toContain("Hot functions, self time (engine sampled, runs at 62% of fast's speed)");
    expect(text).toMatch(/23\.97% {2}front_fastlane_try_free/);
    expect(text).toMatch(/9\.50% {2}engine\/allocator\/malloc\.ts:5 +engine\/allocator\/malloc\.ts has 5/);
    expect(text.indexOf('malloc.ts:5')).toBeLessThan(text.indexOf('free.ts:9'));
    expect(text).toContain(`module sha256: ${'ab'.repeat(32)}`);
  });

  it('says so when one process gives no spread', () => {
    expect(benchText(run({ cv: null, stdev: null }))).toContain('cv -');
  });

  it('puts the whole report together', () => {
    const text = renderText(model());
    expect(text).toMatch(/^samples\/hakmem\n\n54\.6% of/);
    expect(text).toMatch(/malloc +23\.84% {2}wrapper +A: remove layer +core\/malloc\.c:10/);
    expect(text).toMatch(/main +22\.02% {2}benchmark +\(baseline\)/);
  });
});

describe('sarif', () => {
  const options = { version: '0.1.0', rootUri: 'file:///project/', baseline: null };

  function results(text: string): { ruleId: string; level: string; baselineState?: string }[] {
    const log = JSON.parse(text) as { runs: { results: ReturnType<typeof results> }[] };
    return log.runs[0]?.results ?? [];
  }

  it('reports what could be acted on, never correctness atomics', () => {
    const f = findings({
      atomics: [
        site({ id: 'hot' }),
        site({ id: 'off', activity: { state: 'inactive', decidedBy: 'X' } }),
        site({ id: 'lock', class: 'correctness', role: 'lock' }),
        site({ id: 'what', class: 'unknown', role: null }),
        site({ id: 'cold-unknown', class: 'unknown', role: null, temperature: 'cold' }),
      ],
      candidates: [candidate()],
    });
    expect(results(renderSarif(f, options)).map((r) => [r.ruleId, r.level])).toEqual([
      ['hot-telemetry-atomic', 'warning'],
      ['telemetry-atomic', 'note'],
      ['unclassified-atomic', 'note'],
      ['hot-getenv', 'warning'],
      ['plain-counter', 'note'],
      ['reduction-candidate', 'note'],
    ]);
  });

  it('gives place, fingerprint and rule index of a result', () => {
    const log: unknown = JSON.parse(renderSarif(findings({ gates: [], counters: [] }), options));
    expect(log).toMatchObject({
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'Alloc Lens', semanticVersion: '0.1.0' } },
          originalUriBaseIds: { SRCROOT: { uri: 'file:///project/' } },
          results: [
            {
              ruleId: 'hot-telemetry-atomic',
              ruleIndex: 0,
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: 'core/free.c', uriBaseId: 'SRCROOT' },
                    region: { startLine: 42, startColumn: 5, endLine: 42, endColumn: 60 },
                  },
                },
              ],
              partialFingerprints: { 'allocLensId/v1': 's1' },
            },
          ],
        },
      ],
    });
  });

  it('carries diagnostics as notifications, with a place where they have one', () => {
    const f = findings({
      diagnostics: [
        { code: 'no-entry', severity: 'information', file: '', line: 1, message: 'no entry point' },
        { code: 'parse-errors', severity: 'warning', file: 'a.c', line: 7, message: 'two errors' },
      ],
    });
    const log = JSON.parse(renderSarif(f, options)) as {
      runs: { invocations: { toolExecutionNotifications: { level: string; locations: unknown[] }[] }[] }[];
    };
    const notes = log.runs[0]?.invocations[0]?.toolExecutionNotifications ?? [];
    expect(notes.map((n) => [n.level, n.locations.length])).toEqual([
      ['note', 0],
      ['warning', 1],
    ]);
    expect(findingsText(f)).toContain('\ninformation: no entry point [no-entry]\n');
  });

  it('marks what a baseline knows', () => {
    const f = findings({
      atomics: [site({ id: 'old' }), site({ id: 'new' })],
      gates: [],
      counters: [],
    });
    const text = renderSarif(f, { ...options, baseline: new Set(['old']) });
    expect(results(text).map((r) => r.baselineState)).toEqual(['unchanged', 'new']);
  });

  it('encodes paths as URIs', () => {
    expect(fileUri('a b/c#d/ü.c')).toBe('a%20b/c%23d/%C3%BC.c');
  });
});
