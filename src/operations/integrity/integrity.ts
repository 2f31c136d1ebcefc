import type { Sql } from '../../platform/db.ts'
import { type Invariant, invariants } from './invariants.ts'
import { countThings, findLastReport, insertReport, listBroken, recordBrokenInvariants, sumMoney } from './queries.ts'

/** An invariant with its figure: how many rows were looked at, how many break it, and the first twenty ids of those. */
export type Check = Invariant & { looked: number; wrong: number; ids: string[] }

/** Captured money and where it is, in paise. `missing` is what none of the other columns accounts for. */
export type Money = {
  currency: string
  captured: number
  applied: number
  back: number
  lost: number
  inIncidents: number
  settling: number
  missing: number
}

export type IntegrityReport = { checks: Check[]; money: Money[]; broken: number; tookMs: number }

/** Checks every invariant that SQL can tell, one statement each, and the sums. Reads only; safe at any time. */
export async function checkInvariants(sql: Sql): Promise<IntegrityReport> {
  const started = performance.now()
  const counts = await countThings(sql)
  const checks: Check[] = []
  for (const invariant of invariants)
    checks.push({ ...invariant, looked: counts[invariant.of] ?? 0, ...(await listBroken(sql, invariant.broken)) })
  const money = await sumMoney(sql)
  const broken = checks.filter(({ wrong }) => wrong > 0).length
  return { checks, money, broken, tookMs: Math.round(performance.now() - started) }
}

/** The nightly job: checks, keeps the result, and tells the administrators by an incident when something is broken. */
export async function recordIntegrityCheck(sql: Sql): Promise<IntegrityReport> {
  const report = await checkInvariants(sql)
  await insertReport(sql, report)
  if (report.broken > 0) await recordBrokenInvariants(sql, report)
  return report
}

/** What the last check came to, for figures; null before the first. */
export async function lastIntegrityCheck(sql: Sql): Promise<{ checkedAt: Date; report: IntegrityReport } | null> {
  return (await findLastReport(sql)) ?? null
}
