import type { LogFn, pino } from 'pino'

const errorLevel = 50
const windowMs = 10_000
const mostKinds = 200

type Kind = { logged: number; omitted: number }

/**
 * Keeps one fault from filling the disk: of errors of one kind (the same message and code) the first `most` in ten seconds are
 * logged, and then the number of the rest. For pino's hook `logMethod`; lines below the level `error` pass.
 */
export function logRepeatsOnce(most: number) {
  const kinds = new Map<string, Kind>()

  return function logMethod(this: pino.Logger, given: Parameters<LogFn>, write: LogFn, level: number): void {
    const key = level < errorLevel ? null : kindOf(given)
    const kind = key === null ? undefined : (kinds.get(key) ?? begin(this, write, key))
    if (kind && ++kind.logged > most) kind.omitted++
    else write.apply(this, given)
  }

  /** Undefined when there are too many kinds at once to be repeats: then nothing is omitted. */
  function begin(log: pino.Logger, write: LogFn, key: string): Kind | undefined {
    if (kinds.size >= mostKinds) return undefined
    const kind = { logged: 0, omitted: 0 }
    kinds.set(key, kind)
    setTimeout(() => {
      kinds.delete(key)
      if (kind.omitted > 0) write.apply(log, [{ event: 'errors left out', count: kind.omitted }, `more of: ${key}`])
    }, windowMs).unref()
    return kind
  }
}

function kindOf([first, message]: Parameters<LogFn>): string | null {
  const { err } = (typeof first === 'object' && first !== null ? first : {}) as {
    err?: { code?: unknown; name?: unknown }
  }
  if (!err) return null
  return [message, err.code ?? err.name].filter(Boolean).join(': ')
}
