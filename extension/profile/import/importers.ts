/** The formats that can be imported, the most telling first. */
import { allocLensImporter } from './alloc-lens.ts';
import { cachegrindImporter } from './cachegrind.ts';
import { callgrindImporter } from './callgrind.ts';
import { cpuprofileImporter } from './cpuprofile.ts';
import { firefoxImporter } from './firefox.ts';
import { folded } from './folded.ts';
import { perfAnnotate } from './perf-annotate.ts';
import { perfReport } from './perf-report.ts';
import { perfScript } from './perf-script.ts';
import { pprofImporter } from './pprof.ts';
import { speedscopeImporter } from './speedscope.ts';
import type { Importer } from './types.ts';

export const importers: readonly Importer[] = [
  pprofImporter,
  speedscopeImporter,
  firefoxImporter,
  cpuprofileImporter,
  allocLensImporter,
  callgrindImporter,
  cachegrindImporter,
  perfAnnotate,
  perfReport,
  perfScript,
  folded,
];
