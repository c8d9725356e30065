/** The engine's arms. */
import { EngineTarget } from '../../engine/host/target.ts';
import type { Arm } from './arm.ts';

/** `fast` and `fast-calls`, always both, and `standard`. One floor serves them all: it calls no allocator. */
export function engineArms(distDir: string): Arm[] {
  const target = new EngineTarget({ distDir });
  return ['fast', 'fast-calls', 'standard'].map((variant) => ({
    label: `engine ${variant}`,
    family: 'engine',
    can: (work) => work.kind !== 'floor' || variant === 'fast',
    run: (request) => target.run({ ...request, variant }, {}),
  }));
}
