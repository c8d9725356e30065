/**
 * How long a `perf script` text takes to be a profile: ours (in its worker under Node, and in headless Chromium) beside
 * speedscope's bundle in headless Chromium, the same file chosen from disk, in turns. speedscope's time ends when its page
 * carries the profile's name and has drawn two frames. Peak memory of ours for the text and one four times as long.
 *
 *   npm run bench:import [-- --samples N --rounds N --file FILE --keep --no-memory]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { ImportClient } from '../extension/profile/import/client.ts';
import { blocksOf, canRecord, inventedScript, recordHarness, writeScript } from './import-text.ts';
import { machineLines } from './machine.ts';
import { othersBetween, readCpu } from './quiet.ts';
import { median } from '../extension/profile/percentiles.ts';
import { range } from './stats.ts';

const self = fileURLToPath(import.meta.url);
const root = path.resolve(path.dirname(self), '..');
const patience = 30 * 60_000;
const longer = 4;

interface Measured {
  readonly ms: number;
  readonly samples: number | null;
  /** Peak of the resident set, MiB; of the Node process alone. */
  readonly mebibytes: number | null;
}

/** One import in this process, started for it. */
async function child(file: string): Promise<void> {
  const client = new ImportClient({ workerPath: path.join(root, 'dist/import-worker.js') });
  const begun = performance.now();
  const profile = await client.import({
    source: { path: file },
    ...{ event: null, thread: null },
    build: {
      target: { kind: 'imported', name: path.basename(file), variant: null, sha256: null },
      ...{ workload: '', recordedAt: new Date().toISOString() },
    },
  });
  const ms = performance.now() - begun;
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
  const measured: Measured = {
    ...{ ms, samples: profile.samples },
    mebibytes: peak === null ? null : Number(peak[1]) / 1024,
  };
  console.log(JSON.stringify(measured));
}

function inNode(file: string): Measured {
  const r = spawnSync(process.execPath, [...process.execArgv, self, '--child', file], { encoding: 'utf8' });
  if (r.status !== 0) throw new Error(`import in Node: ${r.stderr}`);
  return JSON.parse(r.stdout) as Measured;
}

/** A fresh browser with a page open; the work gets the page. */
async function inBrowser(url: string, work: (page: Page) => Promise<Measured>): Promise<Measured> {
  const executables = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const executablePath = executables.find((p) => existsSync(p));
  if (executablePath === undefined) throw new Error('no Chromium here: install Debian’s chromium');
  let browser: Browser | null = null;
  try {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    const page = await browser.newPage();
    page.setDefaultTimeout(patience);
    await page.goto(url);
    return await work(page);
  } finally {
    await browser?.close();
  }
}

/** Milliseconds from the choice of the file, as the page sees it, until `ended` says so there. */
async function timed(page: Page, file: string, input: string, ended: string): Promise<number> {
  await page.waitForSelector(input, { state: 'attached' });
  await page.evaluate(`{
    addEventListener('change', () => { globalThis.chosenAt = performance.now(); }, { capture: true, once: true });
    const look = () => {
      if (${ended}) requestAnimationFrame(() => requestAnimationFrame(() => { globalThis.endedAt = performance.now(); }));
      else setTimeout(look, 5);
    };
    look();
  }`);
  await page.setInputFiles(input, file);
  await page.waitForFunction('globalThis.endedAt !== undefined');
  return (await page.evaluate('globalThis.endedAt - globalThis.chosenAt')) as number;
}

async function speedscope(file: string): Promise<Measured> {
  const require = createRequire(import.meta.url);
  const release = path.join(
    path.dirname(require.resolve('speedscope/package.json')),
    'dist/release/index.html',
  );
  return inBrowser(pathToFileURL(release).href, async (page) => {
    const problems: string[] = [];
    page.on('dialog', (d) => {
      problems.push(d.message());
      void d.dismiss();
    });
    const ms = await timed(page, file, '#file', "document.title.endsWith(' - speedscope')");
    if (problems.length > 0) throw new Error(`speedscope: ${problems.join('; ')}`);
    return { ms, samples: null, mebibytes: null };
  });
}

/** Our readers as a page with a file input. */
async function writePage(folder: string): Promise<string> {
  const script = await build({
    stdin: {
      contents: `
        import { importRecording } from './extension/profile/import/detect.ts';
        import { buildProfile } from './extension/profile/import/build-profile.ts';
        document.querySelector('#file').addEventListener('change', async (e) => {
          const file = e.target.files[0];
          const raw = await importRecording(file.stream(), file.name, { event: null, thread: null });
          const target = { kind: 'imported', name: file.name, variant: null, sha256: null };
          const profile = buildProfile(raw, { target, workload: '', recordedAt: '' });
          document.title = String(profile.samples);
        });`,
      resolveDir: root,
      loader: 'ts',
    },
    ...{ bundle: true, write: false, platform: 'browser', format: 'iife', target: 'es2022', minify: true },
  });
  const page = path.join(folder, 'import.html');
  const text = script.outputFiles[0]?.text.replaceAll('</script', '<\\/script') ?? '';
  writeFileSync(
    page,
    `<!doctype html><title>waiting</title><input type="file" id="file"><script>${text}</script>`,
  );
  return page;
}

async function inChromium(page: string, file: string): Promise<Measured> {
  return inBrowser(pathToFileURL(page).href, async (p) => {
    const ms = await timed(p, file, '#file', "document.title !== 'waiting'");
    return { ms, samples: Number(await p.title()), mebibytes: null };
  });
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      samples: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '5' },
      file: { type: 'string' },
      keep: { type: 'boolean', default: false },
      'no-memory': { type: 'boolean', default: false },
    },
  });
  const samples = Number(values.samples);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(samples) || samples < 1 || !Number.isInteger(rounds) || rounds < 1) {
    throw new Error('--samples and --rounds are whole numbers from 1');
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-bench-import-'));
  try {
    for (const line of machineLines()) console.log(line);
    let file = values.file ?? '';
    let blocks: ReturnType<typeof blocksOf> = [];
    if (file === '') {
      const real = canRecord();
      blocks = blocksOf(real ? await recordHarness(3) : inventedScript());
      if (blocks.length === 0) throw new Error('perf recorded no sample of the harness');
      file = path.join(folder, 'samples.linux-perf.txt');
      writeScript(file, blocks, samples);
      console.log(
        `text: ${samples} samples made of ${blocks.length} ${real ? 'recorded' : 'invented (no perf here)'} ones`,
      );
    }
    const bytes = statSync(file).size;
    console.log(`file: ${(bytes / 1e6).toFixed(1)} MB`);
    const page = await writePage(folder);
    const arms: readonly [string, () => Promise<Measured>][] = [
      ['alloc-lens, Node worker', async () => inNode(file)],
      ['alloc-lens, Chromium', () => inChromium(page, file)],
      ['speedscope, Chromium', () => speedscope(file)],
    ];
    const times = new Map<string, number[]>(arms.map(([name]) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, run] of round % 2 === 0 ? arms : [...arms].reverse()) {
        const before = readCpu();
        const measured = await run();
        const after = readCpu();
        times.get(name)?.push(measured.ms);
        if (measured.samples !== null && values.file === undefined && measured.samples !== samples) {
          throw new Error(`${name} read ${measured.samples} samples of ${samples}`);
        }
        const others = before === null || after === null ? 0 : othersBetween(before, after);
        // Chromium's processes are no children that end here, so their time counts as that of others.
        const busy =
          name.includes('Node') && others > 0.2 ? `, others kept ${others.toFixed(1)} cores busy` : '';
        const peak = measured.mebibytes === null ? '' : `, peak ${measured.mebibytes.toFixed(0)} MiB`;
        console.log(`round ${round + 1}: ${name}: ${seconds(measured.ms)}${peak}${busy}`);
      }
    }
    const theirs = times.get('speedscope, Chromium') ?? [];
    console.log('');
    for (const [name, all] of times) {
      const [low, high] = range(all);
      const ratios = all.map((ms, i) => ms / (theirs[i] ?? Number.NaN));
      const [lowest, highest] = range(ratios);
      console.log(
        `${name.padEnd(24)} median ${seconds(median(all))} (${seconds(low)} to ${seconds(high)}), ${(bytes / 1e3 / median(all)).toFixed(0)} MB/s, ` +
          `of speedscope's time ${(median(all) / median(theirs)).toFixed(3)} (${lowest.toFixed(3)} to ${highest.toFixed(3)})`,
      );
    }
    if (!values['no-memory'] && values.file === undefined) {
      const once = inNode(file);
      rmSync(file);
      const long = path.join(folder, 'longer.linux-perf.txt');
      writeScript(long, blocks, samples * longer);
      const more = inNode(long);
      console.log(
        `peak memory: ${once.mebibytes?.toFixed(0)} MiB for ${samples} samples, ${more.mebibytes?.toFixed(0)} MiB for ${samples * longer}`,
      );
    }
  } finally {
    if (values.keep) console.log(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[2] === '--child') await child(process.argv[3] ?? '');
else await main();
