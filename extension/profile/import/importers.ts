/** The formats that can be imported, the most telling first. */
import { folded } from './folded.ts';
import { perfAnnotate } from './perf-annotate.ts';
import { perfReport } from './perf-report.ts';
import { perfScript } from './perf-script.ts';
import type { Importer } from './types.ts';

export const importers: readonly Importer[] = [perfAnnotate, perfReport, perfScript, folded];
