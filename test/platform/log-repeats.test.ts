import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLog } from '../../src/platform/log.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function kept() {
  const lines: { level: number; msg: string; count?: number; err?: { message: string } }[] = []
  return { log: createLog('info', { write: (line) => void lines.push(JSON.parse(line)) }), lines }
}
const failed = (code: string, message = 'it broke') => Object.assign(new Error(message), { code })

describe('lines of the log', () => {
  test('of one error are logged up to twenty times, then the number of the rest', async () => {
    const { log, lines } = kept()
    for (let number = 0; number < 1_000; number++)
      log.child({ reqId: number }).error({ err: failed('53100', `try ${number}`) }, 'request failed')
    expect(lines).toHaveLength(20)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(lines).toHaveLength(21)
    expect(lines.at(-1)).toMatchObject({
      level: 50,
      event: 'errors left out',
      count: 980,
      msg: 'more of: request failed: 53100',
    })
    log.error({ err: failed('53100') }, 'request failed')
    expect(lines).toHaveLength(22)
  })

  test('of other errors in between are logged: one kind does not hide another', () => {
    const { log, lines } = kept()
    for (let number = 0; number < 100; number++) log.error({ err: failed('53100') }, 'request failed')
    log.error({ err: failed('ECONNREFUSED') }, 'request failed')
    log.error({ err: failed('53100') }, 'a job failed')
    log.fatal({ err: failed('X') }, 'uncaught exception')
    expect(lines).toHaveLength(23)
  })

  test('that are no errors are all logged: payments, warnings, sentences', () => {
    const { log, lines } = kept()
    for (let number = 0; number < 100; number++) {
      log.info({ event: 'payment confirmed' }, 'payment confirmed')
      log.warn({ err: failed('A') }, 'tried again')
      log.error({ event: 'payment held' }, 'payment held')
    }
    expect(lines).toHaveLength(300)
  })

  test('few enough are logged without a summary', async () => {
    const { log, lines } = kept()
    for (let number = 0; number < 20; number++) log.error({ err: failed('A') }, 'request failed')
    await vi.advanceTimersByTimeAsync(20_000)
    expect(lines).toHaveLength(20)
  })
})
