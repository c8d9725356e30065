import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts', 'test/corpus/**/*.test.ts'],
    // The editor's API exists only inside VS Code; unit tests see a hand-written one.
    alias: { vscode: new URL('./test/unit/mocks/vscode.ts', import.meta.url).pathname },
    env: { TZ: 'UTC', LC_ALL: 'C' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: more workers only fight each other and the child processes that tests start.
    maxWorkers: 2,
  },
});
