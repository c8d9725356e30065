/** The command Calibrate Costs over runners of a test's own. */
import { CalibrateCommand, type CalibrateDeps } from '../../../extension/editor/calibrate-command.ts';
import { Measuring } from '../../../extension/editor/measuring.ts';
import type { CostRunner } from '../../../extension/profile/cost-measurement.ts';
import { measurement } from '../experiment/cost-fixtures.ts';
import { type Harness, real } from './harness.ts';

export const measuring = (source: string, over: Partial<CostRunner> = {}): CostRunner => ({
  unavailable: async () => null,
  measure: async () => ({ ...measurement([{ name: 'seq_cst add', ns: 0.7 }]), source }),
  ...over,
});

export function calibration(h: Harness, over: Partial<CalibrateDeps> = {}): CalibrateCommand {
  return new CalibrateCommand({
    ...{ store: h.store, log: real.log(h.log), folder: null, measuring: new Measuring() },
    ...{ native: measuring('C, gcc 12.2.0'), engine: measuring('wasm, seq_cst') },
    ...over,
  });
}
