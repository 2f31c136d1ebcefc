import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noFindings } from '../chaos/people.ts'
import { countUnfinished } from '../chaos/queries.ts'
import { waitForQuiet } from '../chaos/quiet.ts'
import { judgeRun, type Verdict } from '../chaos/verdict.ts'
import { startCluster } from './cluster.ts'
import { type Phase, runPhases, type Span } from './phases.ts'
import { missingPrograms } from './programs.ts'
import { unpackRelease } from './release-before.ts'

/** The aim: from each mark to the first purchase that is granted. */
export const recoveryLimitS = 5

export type TrialReport = Verdict & {
  seed: number
  seconds: number
  /** What was not installed, and what stood in for it. */
  missing: string[]
  /** The release that was rolled away from; null: this one. */
  before: string | null
  phases: Phase[]
  requests: number
  failed: number
  unavailable: number
  journeys: number
  gaveUp: number
  unexpectedDeaths: string[]
  unfinished: number
  /** Moments after which no purchase was granted within the limit. */
  tooSlow: string[]
  /** Nothing lost or doubled, no process ended by itself, and every recovery within the limit. */
  isFine: boolean
}

export type TrialOptions = Span & {
  /** A commit or tag to roll away from. */
  from: string | null
  keep: boolean
}

/**
 * Starts the cluster, lets people buy while one event after the other happens, waits until all work is done, and compares. Takes
 * the given minutes and up to two more. Everything it started is stopped and its folder removed, also when it fails.
 */
export async function runTrial(options: TrialOptions): Promise<TrialReport> {
  const { seed, log } = options
  const began = Date.now()
  const folder = mkdtempSync(join(tmpdir(), 'etf-trial-'))
  // The database's own account must be able to enter.
  chmodSync(folder, 0o711)
  const closers: (() => unknown)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
    if (!options.keep) rmSync(folder, { recursive: true, force: true })
  }
  const leave = () => void close().finally(() => process.exit(130))
  process.once('SIGINT', leave).once('SIGTERM', leave)
  try {
    const before = options.from ? unpackRelease(options.from, join(folder, 'release-before')) : null
    const cluster = await startCluster({ folder, before, later: (closer) => closers.push(closer) })
    log('two nodes, a worker, primary and replica are ready')
    const findings = noFindings()
    const phases = await runPhases(cluster, findings, options)
    await waitForQuiet({ ...cluster, apps: [...cluster.nodes, cluster.worker] })
    log('all work is done')
    const verdict = await judgeRun(cluster, findings)
    const unfinished = await countUnfinished(cluster.sql)
    // The first phase is for comparison: nothing happens in it.
    const tooSlow = phases
      .slice(1)
      .flatMap(({ name, recoveries }) =>
        recoveries
          .filter(({ purchaseS }) => purchaseS === null || purchaseS > recoveryLimitS)
          .map(({ since }) => `${name}, since ${since}`),
      )
    const unexpectedDeaths = [...cluster.nodes, cluster.worker].flatMap(({ unexpected }) => unexpected)
    const { lost, doubled, wrongOwner, falseGrants, integrity } = verdict
    const wrong = [lost, doubled, wrongOwner, falseGrants, unexpectedDeaths, tooSlow]
    return {
      ...verdict,
      seed,
      seconds: Math.round((Date.now() - began) / 1000),
      missing: missingPrograms(),
      before: options.from,
      phases,
      requests: findings.requests,
      failed: findings.failed.length,
      unavailable: findings.unavailable.length,
      journeys: findings.journeys,
      gaveUp: findings.gaveUp,
      unexpectedDeaths,
      unfinished,
      tooSlow,
      isFine: wrong.every((list) => list.length === 0) && integrity.broken === 0 && unfinished === 0,
    }
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave)
    await close()
    if (options.keep) log(`data and logs are kept in ${folder}`)
  }
}
