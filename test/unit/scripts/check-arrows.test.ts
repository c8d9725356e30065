import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkTree, layers, root, violationsIn } from '../../../scripts/check-arrows.ts';

const messages = (file: string, text: string): readonly string[] =>
  violationsIn(file, text).map((v) => `${v.line}: ${v.message}`);

describe('planted violations are found', () => {
  test.each([
    ['extension/analysis/a.ts', "import * as vscode from 'vscode';", 'analysis may not import vscode'],
    ['extension/profile/a.ts', "import { x } from '../analysis/x.ts';", 'profile may not import analysis'],
    ['extension/experiment/a.ts', "import { x } from '../native/x.ts';", 'experiment may not import native'],
    [
      'extension/experiment/a.ts',
      "import { x } from '../../engine/host/x.ts';",
      'experiment may not import engine-host',
    ],
    ['extension/model.ts', "import type { X } from './analysis/x.ts';", 'model may not import analysis'],
    ['extension/model.ts', "import { readFileSync } from 'node:fs';", 'model may not import node:fs'],
    ['webview/main.ts', "import { readFileSync } from 'fs';", 'webview may not import fs'],
    [
      'webview/views/a.ts',
      "import { x } from '../../extension/report/build.ts';",
      'webview may not import report',
    ],
    ['extension/cli/a.ts', "import { x } from '../editor/x.ts';", 'cli may not import editor'],
    ['extension/report/a.ts', "import { x } from '../editor/x.ts';", 'report may not import editor'],
    ['grammars/a.ts', "import { x } from '../extension/analysis/x.ts';", 'grammars may not import analysis'],
    [
      'engine/host/a.ts',
      "import { x } from '../../extension/analysis/x.ts';",
      'engine-host may not import analysis',
    ],
    ['extension/analysis/a.ts', "import { x } from '../../scripts/build.ts';", 'which no layer owns'],
    ['extension/analysis/a.ts', "export { x } from '../editor/x.ts';", 'analysis may not import editor'],
    [
      'extension/analysis/a.ts',
      "const m = await import('../editor/x.ts');",
      'analysis may not import editor',
    ],
    ['extension/analysis/a.ts', "import '../editor/x.ts';", 'analysis may not import editor'],
    [
      'extension/analysis/a.ts',
      "import {\n  a,\n  b,\n} from '../editor/x.ts';",
      'analysis may not import editor',
    ],
  ])('%s: %s', (file, text, message) => {
    expect(messages(file, text).join('\n')).toContain(message);
  });

  test('each is reported once, with its line', () => {
    const text = [
      "import path from 'node:path';",
      '',
      "import * as vscode from 'vscode';",
      "import { x } from '../../editor/x.ts';",
      "import { y } from '../beside.ts';",
    ].join('\n');
    expect(messages('extension/analysis/deep/a.ts', text)).toEqual([
      '3: analysis may not import vscode',
      '4: analysis may not import editor (../../editor/x.ts)',
    ]);
  });
});

describe('what is allowed stays quiet', () => {
  test.each([
    [
      'extension/analysis/a.ts',
      "import type { Findings } from '../model.ts';\nimport { f } from '../../grammars/loader.ts';",
    ],
    ['extension/editor/a.ts', "import * as vscode from 'vscode';\nimport { r } from '../report/build.ts';"],
    ['extension/main.ts', "import * as vscode from 'vscode';\nimport { r } from './editor/store.ts';"],
    [
      'webview/views/a.ts',
      "import type { ReportModel } from '../../extension/model.ts';\nimport { h } from '../ui/dom.ts';",
    ],
    [
      'engine/host/a.ts',
      "import { x } from '../../extension/profile/category.ts';\nimport fs from 'node:fs';",
    ],
    ['scripts/a.ts', "import { x } from '../extension/editor/x.ts';"],
  ])('%s', (file, text) => {
    expect(messages(file, text)).toEqual([]);
  });
});

test('layers only see layers that exist, and no two see each other', () => {
  const names = new Set(layers.map((l) => l.name));
  for (const layer of layers) {
    for (const seen of layer.sees) {
      expect(names).toContain(seen);
      expect(layers.find((l) => l.name === seen)?.sees ?? []).not.toContain(layer.name);
    }
  }
});

test('the tree itself is clean, and the check has looked at it', () => {
  expect(existsSync(path.join(root, 'extension/model.ts'))).toBe(true);
  expect(checkTree()).toEqual([]);
});
