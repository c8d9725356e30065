/** The formats that can be imported, the most telling first. */
import { perfScript } from './perf-script.ts';
import type { Importer } from './types.ts';

export const importers: readonly Importer[] = [perfScript];
