import type { Log } from './log.ts'

/**
 * Logs an outage that causes many errors in two lines: `begins` with the first error, and `ends` with their number once none came
 * for `quietMs`.
 */
export function logBursts(log: Log, { begins, ends, quietMs }: { begins: string; ends: string; quietMs: number }) {
  let errors = 0
  let quiet: NodeJS.Timeout | undefined

  return {
    report(error: unknown): void {
      if (errors++ === 0) log.warn({ err: error }, begins)
      clearTimeout(quiet)
      quiet = setTimeout(over, quietMs).unref()
    },
    /** Whether there was an error within `quietMs`. */
    isOn: () => errors > 0,
  }

  function over(): void {
    log.warn({ errors }, ends)
    errors = 0
  }
}
