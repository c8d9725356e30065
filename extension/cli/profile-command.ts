/** `alloc-lens profile`: record, import, compare and export profiles. */
import type { Command } from 'commander';
import { UserError } from '../model.ts';
import type { Services } from './services.ts';

export function addProfile(program: Command, _services: Services, _finish: (status: number) => void): void {
  program
    .command('profile', { hidden: true })
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(() => {
      throw new UserError('profile is not there yet');
    });
}
