/** `alloc-lens annotate`: a source file with its percentages, as perf annotate prints it. */
import type { Command } from 'commander';
import { UserError } from '../model.ts';
import type { Services } from './services.ts';

export function addAnnotate(program: Command, _services: Services, _finish: (status: number) => void): void {
  program
    .command('annotate', { hidden: true })
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(() => {
      throw new UserError('annotate is not there yet');
    });
}
