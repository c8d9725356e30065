/** `alloc-lens trace`: record a program's allocations. */
import type { Command } from 'commander';
import { UserError } from '../model.ts';
import type { Services } from './services.ts';

export function addTrace(program: Command, _services: Services, _finish: (status: number) => void): void {
  program
    .command('trace', { hidden: true })
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(() => {
      throw new UserError('trace is not there yet');
    });
}
