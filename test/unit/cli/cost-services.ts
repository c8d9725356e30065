/** Cost services for tests of commands: nothing kept, and runners that must not be asked. */
import type { CostServices } from '../../../extension/cli/services.ts';
import type { CostRunner } from '../../../extension/profile/cost-measurement.ts';
import type { MachineState } from '../../../extension/model-experiment.ts';

export const machine: MachineState = {
  ...{ cpu: 'A CPU', cores: 2, kernel: 'Linux 6.1', runtime: 'Node v22', governor: null, turbo: null },
  ...{ load: 0.1, container: false, pinned: null, flags: [] },
};

const unasked = (): never => {
  throw new Error('not to be called');
};
const runner: CostRunner = { unavailable: unasked, measure: unasked };

export const noCosts: CostServices = {
  ...{ native: runner, engine: runner, host: 'here' },
  ...{ kept: () => null, keep: unasked },
};
