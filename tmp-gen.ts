import { blocksOf, recordHarness, writeScript } from './bench/import-text.ts';
import { writeFileSync } from 'node:fs';
const t = await recordHarness(2);
writeFileSync('/tmp/ia/rec.txt', t);
const b = blocksOf(t);
console.log(t.length, b.length, t.slice(0, 1500));
console.log(writeScript('/tmp/ia/m1.txt', b, 1_000_000));
