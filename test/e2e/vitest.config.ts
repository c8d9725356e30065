import path from 'node:path';
import { defineConfig } from 'vitest/config';

/** End to end: one VS Code server and one browser at a time, in the order of the files' names. */
export default defineConfig({
  cacheDir: path.join(import.meta.dirname, '../../node_modules/.vite'),
  test: {
    root: import.meta.dirname,
    include: ['**/*.e2e.ts'],
    env: { TZ: 'UTC' },
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 240_000,
    hookTimeout: 900_000,
    bail: 0,
  },
});
