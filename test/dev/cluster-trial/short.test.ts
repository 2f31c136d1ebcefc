import { describe, expect, test } from 'vitest'
import { printTrial } from '../../../src/dev/cluster-trial/print.ts'
import { findProgram, missingPrograms } from '../../../src/dev/cluster-trial/programs.ts'
import { runTrial } from '../../../src/dev/cluster-trial/trial.ts'

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
const isComplete = findProgram('haproxy') !== null && findProgram('pgbouncer') !== null
const reason = isComplete ? '' : ` (SKIPPED: ${missingPrograms().join('; ')})`

describe.skipIf(!isComplete)(`the cluster trial${reason}`, () => {
  test('a rolling release, kill -9 of a node, a switchover and a failover under load: nothing is lost or doubled, and people buy again', {
    timeout: 400_000,
  }, async () => {
    const lines: string[] = []
    const log = (line: string) => lines.push(line)
    const report = await runTrial({ minutes: 1, short: true, people: 2, seed, from: null, keep: false, log })
    console.log([...lines, ...printTrial(report).split('\n').slice(0, 25)].join('\n'))
    expect(report).toMatchObject({
      lost: [],
      doubled: [],
      wrongOwner: [],
      falseGrants: [],
      unexpectedDeaths: [],
      unfinished: 0,
    })
    expect(report.integrity.checks.filter(({ wrong }) => wrong > 0)).toEqual([])
    expect(report.phases.map(({ name }) => name)).toEqual([
      'load alone',
      'rolling release',
      'kill -9 of a node',
      'switchover',
      'failover',
    ])
    // How fast depends on what else the machine does; that it happens does not.
    for (const { recoveries } of report.phases)
      for (const { pageS, purchaseS } of recoveries) expect([pageS, purchaseS]).not.toContain(null)
    expect(report.payments).toBeGreaterThan(10)
    expect(report.mailedReceipts).toBeGreaterThan(5)
  })
})
