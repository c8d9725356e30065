/**
 * The misuse table: variant by misuse, each cell tried over random states.
 *   npm run bench:misuse [-- ATTEMPTS [VARIANT...]]
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { variants } from '../engine/host/variants.ts';
import { cellName, cells, cellText, tryCell } from './fuzz/misuse.ts';
import { loadModule } from './fuzz/session.ts';

const dist = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../dist');
const attempts = Number(process.argv[2] ?? 10_000);
const names = process.argv.length > 3 ? process.argv.slice(3) : variants.map((v) => v.name);

for (const name of names) {
  const fuzzed = loadModule(dist, name);
  console.log(`\n${name}  sha256 ${fuzzed.sha256}`);
  for (const cell of cells) {
    const result = tryCell(fuzzed, cell, attempts);
    console.log(`  ${cellName(cell).padEnd(58)} ${cellText(result)}`);
    if (result.example !== null) console.log(`      e.g. ${result.example}`);
  }
}
