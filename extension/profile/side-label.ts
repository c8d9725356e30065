/** How a side of an experiment is shown, whoever runs it. */
import type { SideSpec } from '../model-experiment.ts';

/** `engine standard, HAKMEM_X=1, env HAKMEM_Y=0`; of a preset its name and what is set on top of it. */
export function sideLabel(side: SideSpec): string {
  return [
    `${side.target} ${side.variant === 'native' ? '' : side.variant}`.trim(),
    ...(side.preset === null ? [] : [`preset ${side.preset}`]),
    ...Object.entries(side.flags).map(([name, value]) => `${name}=${value}`),
    ...Object.entries(side.env).map(([name, value]) => `env ${name}=${value}`),
  ].join(', ');
}
