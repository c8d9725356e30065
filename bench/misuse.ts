/**
 * The misuse table: variant by misuse, each cell tried over random states.
 *   npm run bench:misuse [-- ATTEMPTS [VARIANT...]]
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { variants } from '../engine/host/variants.ts';
import { cellName, cellText } from './fuzz/misuse.ts';
import { misuseTable } from './fuzz/misuse-table.ts';
import { loadModule } from './fuzz/session.ts';

const dist = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../dist');
const attempts = Number(process.argv[2] ?? 10_000);
const names = process.argv.length > 3 ? process.argv.slice(3) : variants.map((v) => v.name);

for (const name of names) {
  console.log(`\n${name}  sha256 ${loadModule(dist, name).sha256}`);
  for (const result of await misuseTable({ distDir: dist, variant: name, attempts, patience: 20_000 })) {
    console.log(`  ${cellName(result.cell).padEnd(58)} ${cellText(result)}`);
    if (result.example !== null) console.log(`      e.g. ${result.example}`);
  }
}
