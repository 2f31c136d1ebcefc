import type { LogFn, pino } from 'pino'

const errorLevel = 50
const windowMs = 10_000
const mostKinds = 200

type Kind = { told: number; left: number }

/**
 * Keeps one fault from filling the disk: of errors of one kind (the same sentence and code) the first `most` in ten seconds
 * are told, and then how many more there were. For pino's hook `logMethod`; lines that are no errors pass.
 */
export function logRepeatsOnce(most: number) {
  const kinds = new Map<string, Kind>()

  return function logMethod(this: pino.Logger, given: Parameters<LogFn>, write: LogFn, level: number): void {
    const key = level < errorLevel ? null : kindOf(given)
    const kind = key === null ? undefined : (kinds.get(key) ?? begin(this, write, key))
    if (kind && ++kind.told > most) kind.left++
    else write.apply(this, given)
  }

  /** Undefined: so many kinds at once are no repeats, and none is left out. */
  function begin(log: pino.Logger, write: LogFn, key: string): Kind | undefined {
    if (kinds.size >= mostKinds) return undefined
    const kind = { told: 0, left: 0 }
    kinds.set(key, kind)
    setTimeout(() => {
      kinds.delete(key)
      if (kind.left > 0) write.apply(log, [{ event: 'errors left out', count: kind.left }, `more of: ${key}`])
    }, windowMs).unref()
    return kind
  }
}

function kindOf([first, sentence]: Parameters<LogFn>): string | null {
  const { err } = (typeof first === 'object' && first !== null ? first : {}) as {
    err?: { code?: unknown; name?: unknown }
  }
  if (!err) return null
  return [sentence, err.code ?? err.name].filter(Boolean).join(': ')
}
