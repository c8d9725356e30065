/** `alloc-lens profile gates`: gates present in the code and the binary against those that the profile shows (Phase 42). */
import type { Command } from 'commander';
import { gateFunctions, gatePresence } from '../experiment/tables/top-rule.ts';
import type { TopRule } from '../model-experiment.ts';
import { UserError } from '../model.ts';
import { topRuleText } from '../report/text-lab.ts';
import { type LoadFlags, loadProfile } from './profile-load.ts';
import type { Services } from './services.ts';
import { parseChoice } from './values.ts';

/** As commander hands them over. */
export interface GatesFlags extends LoadFlags {
  readonly binary?: string;
  readonly format: string;
}

/** What `profile gates --format json` prints. */
export interface PrintedGates extends TopRule {
  readonly schemaVersion: 1;
}

/** Exit status 0; throws `UserError` for what cannot be read. */
export async function runProfileGates(
  services: Services,
  file: string,
  sources: readonly string[],
  flags: GatesFlags,
): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json']);
  if (sources.length === 0 && flags.binary === undefined) {
    throw new UserError(
      'profile gates: give the sources, or the binary with --binary, whose gates are meant',
    );
  }
  const profile = await loadProfile(services, file, flags);
  const symbols = flags.binary === undefined ? null : await services.functionSymbols(flags.binary);
  const findings = sources.length === 0 ? null : await services.analyze(sources, {});
  const present = findings === null ? [] : gateFunctions(findings);
  const result: PrintedGates = {
    schemaVersion: 1,
    ...gatePresence(present, symbols, profile.functions),
  };
  services.output.endProgress();
  await services.output.print(
    format === 'json' ? JSON.stringify(result) : topRuleText(result, services.output.style),
  );
  return 0;
}

export function addProfileGates(
  profile: Command,
  services: Services,
  finish: (status: number) => void,
): void {
  profile
    .command('gates')
    .description('gates present in the code and the binary against those that the recording shows')
    .argument('<file>', 'a recording, as for import')
    .argument('[source...]', 'source files or folders, for their gate functions')
    .option('--binary <file>', 'the program or library, for its symbol table')
    .option('--event <name>', 'event to take where a recording has several')
    .option('--format <format>', 'text or json', 'text')
    .action(async (file: string, sources: string[], flags: GatesFlags) =>
      finish(await runProfileGates(services, file, sources, flags)),
    );
}
