import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { simulate } from '../../../src/dev/simulate/arithmetic.ts'
import { parameters } from '../../../src/dev/simulate/measured.ts'
import { printSimulation } from '../../../src/dev/simulate/print.ts'

const command = (...args: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, '../../../src/commands/simulate.ts'), ...args], {
    encoding: 'utf8',
  })

describe('a business on paper', () => {
  test('grows with its subscribers, in rates and in bytes', () => {
    const [small, large] = [simulate(100_000), simulate(10_000_000)]
    expect(large.rates.settlements / small.rates.settlements).toBeCloseTo(100)
    expect(large.bytes.afterFiveYears / small.bytes.afterFiveYears).toBeCloseTo(100)
    expect(large.bytes.aSubscriberMonth).toBeCloseTo(small.bytes.aSubscriberMonth)
    expect(large.rupees.total).toBeGreaterThan(small.rupees.total)
  })

  test('is reckoned as one would by hand', () => {
    const s = simulate(1_000_000)
    // 700,000 pay each month, and a twelfth of the other 300,000.
    expect(s.ordersAMonth).toBeCloseTo(725_000)
    expect(s.averages.settlements).toBeCloseTo(725_000 / (30.4 * 86_400))
    expect(s.rates.settlements).toBeCloseTo(s.averages.settlements * 18)
    expect(s.rates.deliveries / s.rates.settlements).toBeCloseTo(parameters.attempts.value)
    expect(s.rates.mails).toBeCloseTo(1_000_000 / 21_600)
    expect(s.bytes.stayingAMonth).toBeCloseTo(725_000 * parameters.bytesAnOrder.value)
    expect(s.bytes.aMonth).toBeCloseTo(s.bytes.aSubscriberMonth * 1_000_000)
    expect(s.connections.total).toBe(s.connections.web + s.connections.workers + s.connections.commands)
    const { total, ...parts } = s.rupees
    expect(total).toBeCloseTo(Object.values(parts).reduce((sum, part) => sum + part, 0))
  })

  test('never has less than two web nodes, a worker, and a primary with its replica', () => {
    expect(simulate(1).nodes).toEqual({ web: 2, workers: 1, databaseProcessors: 4 })
  })

  test('prints each figure with the day it was measured, or that it is assumed', () => {
    const text = printSimulation(simulate(10_000_000))
    expect(text).toContain('nothing was run at this size')
    for (const { from, measured } of Object.values(parameters))
      expect(text).toContain(`${measured ?? 'assumed'.padEnd(10)}  ${from}`)
    expect(text).not.toMatch(/NaN|undefined|Infinity/)
  })

  test.each([[0], [-1], [1.5], [Number.NaN], [2_000_000_000]])(
    '%d subscribers are refused with a sentence',
    (subscribers) => {
      expect(() => simulate(subscribers)).toThrow('The number of subscribers is a whole number from 1 to 1000000000.')
    },
  )

  test.each([['many'], ['1e6'], ['-5'], ['']])('the command refuses %j, and says how it is used', (typed) => {
    const { status, stderr } = command(`--subscribers=${typed}`)
    expect(status).toBe(1)
    expect(stderr).toMatch(/^The number of subscribers is a whole number.*\n\nWork out/)
  })

  test('the command prints the table', () => {
    const { status, stdout } = command('--subscribers', '10000000')
    expect(status).toBe(0)
    expect(stdout).toMatch(/subscribers +1,00,00,000/)
  })
})
