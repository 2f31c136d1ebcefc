import type { FastifyBaseLogger } from 'fastify'
import type { Log } from '../platform/log.ts'

type Line = [object, string?]
type Named = Parameters<FastifyBaseLogger['child']>

/**
 * The log of one request, which adds its bindings to each line: made with the first line only. Most requests write none, and making it
 * takes a twelfth of the time in which the landing page is answered.
 */
export function requestLog(log: FastifyBaseLogger, ...named: Named): FastifyBaseLogger {
  return new RequestLog(log as unknown as Log, named) as unknown as FastifyBaseLogger
}

class RequestLog {
  readonly #log: Log
  readonly #named: Named
  #made: FastifyBaseLogger | undefined

  constructor(log: Log, named: Named) {
    this.#log = log
    this.#named = named
  }

  get #own(): FastifyBaseLogger {
    this.#made ??= this.#log.child(...this.#named)
    return this.#made
  }

  get level(): string {
    return this.#log.level
  }

  child(...named: Named): FastifyBaseLogger {
    return this.#own.child(...named)
  }
  fatal(...line: Line): void {
    this.#own.fatal(...line)
  }
  error(...line: Line): void {
    this.#own.error(...line)
  }
  warn(...line: Line): void {
    this.#own.warn(...line)
  }
  info(...line: Line): void {
    this.#own.info(...line)
  }
  debug(...line: Line): void {
    if (this.#log.isLevelEnabled('debug')) this.#own.debug(...line)
  }
  /** The library of sessions writes one for each request. */
  trace(...line: Line): void {
    if (this.#log.isLevelEnabled('trace')) this.#own.trace(...line)
  }
  silent(...line: Line): void {
    this.#own.silent(...line)
  }
}
