// One runner for everything: unit, contract, script and peer tests. Files run in at most two processes.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.{ts,tsx}'],
    pool: 'forks',
    reporters: ['default', './test/peers/reporter.ts'],
    maxWorkers: 2,
    // Real peers on a shared machine: what fails once and then passes is named at the end, not hidden.
    retry: process.env['CI'] ? 1 : 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
