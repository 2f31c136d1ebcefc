import type { FastifyBaseLogger } from 'fastify'
import { expect, test } from 'vitest'
import { createLog } from '../../src/platform/log.ts'
import { requestLog } from '../../src/web/request-log.ts'

/** A log of this level, the lines that reached it, and how often a log of its own was made from it. */
function logOf(level: string) {
  const lines: string[] = []
  const log = createLog(level, { write: (line) => lines.push(line) }) as unknown as FastifyBaseLogger
  const made: unknown[] = []
  const { child } = log
  log.child = function (this: FastifyBaseLogger, ...named: Parameters<typeof child>) {
    made.push(named)
    return child.apply(this, named)
  } as typeof child
  return { log, made, lines: () => lines.map((line) => JSON.parse(line)) }
}

test('a request’s lines say which request it is and hide secrets; its log is made with the first of them, and once', () => {
  const { log, made, lines } = logOf('info')
  const own = requestLog(log, { reqId: 'r-1' }, {})
  own.trace('opened')
  own.debug({ event: 'below the level' }, 'not written')
  expect([made, own.level]).toEqual([[], 'info'])
  own.warn({ event: 'refused', password: 'mangoes' }, 'it was refused')
  own.error({ err: new Error('broken') }, 'request failed')
  expect(made).toHaveLength(1)
  own.child({ part: 'second' }).info('and more')
  expect(lines().map(({ reqId, msg }) => [reqId, msg])).toEqual([
    ['r-1', 'it was refused'],
    ['r-1', 'request failed'],
    ['r-1', 'and more'],
  ])
  expect(lines()[0].password).toBe('[hidden]')
})

test('lines of every level are written where the level asks for them', () => {
  const { log, lines } = logOf('trace')
  const own = requestLog(log, { reqId: 'r-2' }, {})
  for (const level of ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const)
    own[level]({ level }, level)
  expect(lines().map(({ msg }) => msg)).toEqual(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
})
