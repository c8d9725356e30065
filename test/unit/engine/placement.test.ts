/** The engine against a native allocator: its process, too, is put on the core that the experiment wants. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { EngineTarget } from '../../../engine/host/target.ts';
import type { BenchRequest } from '../../../extension/model.ts';
import { allowedCores } from '../../../extension/profile/pin.ts';

const distDir = path.resolve(import.meta.dirname, '../../../dist');
const cores = allowedCores();
const able =
  cores.length > 1 &&
  existsSync(path.join(distDir, 'engine-runner.js')) &&
  spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;
if (!able) console.log('skipped: pinning needs taskset, two cores and a built engine');

it.skipIf(!able)('runs its process on the core of the placement', async () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-engine-core-'));
  try {
    const seen = path.join(dir, 'seen');
    const node = path.join(dir, 'node');
    writeFileSync(
      node,
      `#!/bin/sh\ngrep Cpus_allowed_list /proc/self/status >> '${seen}'\nexec '${process.execPath}' "$@"\n`,
    );
    chmodSync(node, 0o755);
    const core = cores.at(-1) ?? 0;
    const target = new EngineTarget({ distDir, nodePath: node });
    const request: BenchRequest = {
      ...{ workload: 'random_mixed', profile: 'mixed', variant: 'fast', env: {}, flags: {} },
      ...{ iterations: 1000, workingSet: null, min: null, max: null, seed: 12345, threads: null, runs: 1 },
      ...{ passes: 1, sample: false, counters: false, latency: false, verify: false },
    };
    await target.run({ ...request, placement: { core, fixedAddresses: false, environmentBytes: 0 } }, {});
    expect(readFileSync(seen, 'utf8').trim().split('\n').at(-1)).toMatch(new RegExp(`\\b${core}$`));
    await target.run(request, {});
    expect(readFileSync(seen, 'utf8').trim().split('\n').at(-1)).not.toMatch(new RegExp(`:\\s*${core}$`));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
