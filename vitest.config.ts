import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/sequencer.ts'

const all = 'test/**/*.test.ts'

/** Files that change or count what a process has once (modules, sockets, queues, threads), or start others and wait. */
const withProcessesOfTheirOwn = [
  'test/{dev,faults,operations,processes,property}/**/*.test.ts',
  'test/identity/{crowds,log-in-timing}.test.ts',
  'test/platform/*.test.ts',
  'test/web/heavy-pages.test.ts',
  'test/*.test.ts',
]

/** Far more than any of them needs: what a test says about time it asserts itself. */
const limits = { testTimeout: 60_000, hookTimeout: 120_000 }

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/summary-reporter.ts'],
    // Every second file waits more than it works: processes, deadlines, the browser.
    maxWorkers: 2 * Math.min(4, availableParallelism()),
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { ...limits, name: 'own process', include: withProcessesOfTheirOwn } },
      { test: { ...limits, name: 'shared process', include: [all], exclude: withProcessesOfTheirOwn, isolate: false } },
    ],
  },
})
