import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MachineState } from '../../../extension/model-experiment.ts';
import { machineNotes, readMachineState } from '../../../extension/profile/machine-state.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'alloc-lens-machine-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, text: string): void {
  const at = path.join(root, file);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, text);
}

const state = (env: NodeJS.ProcessEnv = {}): MachineState =>
  readMachineState({ pinned: [1], flags: ['--no-liftoff'], root, env });

describe('the machine', () => {
  it('is named as far as it can be read, and nothing is made up', () => {
    const machine = state();
    expect(machine).toMatchObject({ governor: null, turbo: null, container: false });
    expect(machine).toMatchObject({ pinned: [1], flags: ['--no-liftoff'] });
    expect(machine.cpu).not.toBe('');
    expect(machine.cores).toBeGreaterThan(0);
    expect(machine.runtime).toContain(process.versions.node);
    expect(readMachineState({ pinned: null, flags: [], root, runtime: 'gcc 12' }).runtime).toBe('gcc 12');
  });

  it('has the governors of all cores', () => {
    write('sys/devices/system/cpu/cpu0/cpufreq/scaling_governor', 'performance\n');
    write('sys/devices/system/cpu/cpu1/cpufreq/scaling_governor', 'performance\n');
    expect(state().governor).toBe('performance');
    write('sys/devices/system/cpu/cpu1/cpufreq/scaling_governor', 'powersave\n');
    expect(state().governor).toBe('performance, powersave');
  });

  it('has turbo as either driver tells it', () => {
    write('sys/devices/system/cpu/cpufreq/boost', '1\n');
    expect(state().turbo).toBe(true);
    write('sys/devices/system/cpu/intel_pstate/no_turbo', '1\n');
    expect(state().turbo).toBe(false);
    write('sys/devices/system/cpu/intel_pstate/no_turbo', 'nonsense');
    write('sys/devices/system/cpu/cpufreq/boost', '');
    expect(state().turbo).toBeNull();
  });

  it('is a container by its marks', () => {
    expect(state({ container: 'podman' }).container).toBe(true);
    expect(state({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }).container).toBe(true);
    write('proc/1/cgroup', '0::/system.slice/docker-1234.scope\n');
    expect(state().container).toBe(true);
    write('proc/1/cgroup', '0::/init.scope\n');
    expect(state().container).toBe(false);
    write('.dockerenv', '');
    expect(state().container).toBe(true);
  });
});

describe('notes', () => {
  const quiet: MachineState = {
    ...{ cpu: 'x', cores: 8, kernel: 'Linux 6', runtime: 'Node', governor: 'performance', turbo: false },
    ...{ load: 4, container: false, pinned: [1], flags: [] },
  };

  it('are none on a quiet machine, and none about what is not known', () => {
    expect(machineNotes(quiet)).toEqual([]);
    expect(machineNotes({ ...quiet, governor: null, turbo: null, load: null })).toEqual([]);
  });

  it('name each thing once, in a clause', () => {
    const cases: [Partial<MachineState>, RegExp][] = [
      [{ load: 4.01 }, /^the load average was 4\.01 on 8 cores/],
      [{ governor: 'performance, powersave' }, /governor is performance, powersave/],
      [{ turbo: true }, /^turbo is on/],
      [{ container: true }, /container/],
      [{ cores: 1, load: 0.5 }, /one core/],
      [{ pinned: null }, /not pinned/],
    ];
    for (const [change, message] of cases) {
      const notes = machineNotes({ ...quiet, ...change });
      expect(notes).toHaveLength(1);
      expect(notes[0]).toMatch(message);
      expect(notes[0]).not.toMatch(/\.$/);
    }
    const all = machineNotes(Object.assign({}, quiet, ...cases.map(([change]) => change), { load: 1 }));
    expect(all).toHaveLength(cases.length);
  });
});
