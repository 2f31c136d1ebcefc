import { expect, test } from 'vitest'
import { runChaos } from '../../../src/dev/chaos/chaos.ts'
import { printChaos } from '../../../src/dev/chaos/print.ts'

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)

test('half a minute of everything that can go wrong: no payment is lost, doubled, given to another or given away', {
  timeout: 240_000,
}, async () => {
  const report = await runChaos({ minutes: 0.5, seed, concurrency: 4 })
  console.log(printChaos(report).split('\n').slice(0, 22).join('\n'))
  expect(report).toMatchObject({
    lost: [],
    doubled: [],
    wrongOwner: [],
    falseGrants: [],
    unexpectedDeaths: [],
    notRecovered: [],
    unfinished: 0,
  })
  expect(report.integrity.checks.filter(({ wrong }) => wrong > 0)).toEqual([])
  expect(report.payments).toBeGreaterThan(20)
  expect(report.isFine).toBe(true)
})
