/** The formats that can be imported, the most telling first. */
import type { Importer } from './types.ts';

export const importers: readonly Importer[] = [];
