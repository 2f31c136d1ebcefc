import { masked } from '../../platform/log.ts'

/** One line of the doctor: what was checked, the result, and, unless it is ok, what to do. */
export type Finding = { level: 'ok' | 'warning' | 'failure'; about: string; says: string; todo?: string }

/** One check. It is given twenty seconds; what it throws becomes a failure. */
export type Check = { about: string; run: () => Promise<Finding[]> }

const timeoutMs = 20_000

/** The finding that something is well. */
export function ok(about: string, says: string): Finding {
  return { level: 'ok', about, says }
}

/** The finding that something deserves attention, and what to do. */
export function warning(about: string, says: string, todo: string): Finding {
  return { level: 'warning', about, says, todo }
}

/** The finding that something does not work, and what to do. */
export function failure(about: string, says: string, todo: string): Finding {
  return { level: 'failure', about, says, todo }
}

/** Runs all checks at once and returns their findings in the order given. */
export async function runChecks(checks: readonly Check[]): Promise<Finding[]> {
  return (await Promise.all(checks.map(runCheck))).flat()
}

async function runCheck({ about, run }: Check): Promise<Finding[]> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs)
  })
  try {
    return await Promise.race([run(), late])
  } catch (error) {
    return [failure(about, reasonOf(error), 'See why in the line above; then run the doctor again.')]
  } finally {
    clearTimeout(timer)
  }
}

/** An error in one line without personal data or secrets. The reason of a failed fetch is in its `cause`. */
export function reasonOf(error: unknown): string {
  const { message, code, cause } = error as {
    message?: string
    code?: string
    cause?: { code?: string; message?: string }
  }
  const parts = [message, cause?.code ?? cause?.message ?? code].filter(Boolean).join(': ')
  return masked(parts.replace(/\s+/g, ' ').replace(/:\/\/[^@\s/]+@/g, '://')).slice(0, 300) || String(error)
}

/** The findings as lines for a terminal. */
export function report(findings: readonly Finding[]): string {
  const widest = Math.max(...findings.map(({ about }) => about.length))
  const lines = findings.flatMap(({ level, about, says, todo }) => [
    `${level.padEnd(8)} ${about.padEnd(widest)}  ${says}`,
    ...(todo ? [`${' '.repeat(9 + widest)}  → ${todo}`] : []),
  ])
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length
  const [failures, warnings] = [count('failure'), count('warning')]
  const summary =
    failures + warnings === 0
      ? 'All is well.'
      : `${failures} ${failures === 1 ? 'failure' : 'failures'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}.`
  return [...lines, '', summary].join('\n')
}
