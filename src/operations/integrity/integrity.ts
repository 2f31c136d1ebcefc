import type { Sql } from '../../platform/db.ts'
import { invariants } from './invariants.ts'
import {
  type Check,
  countSubjects,
  type IntegrityReport,
  insertReport,
  listBroken,
  openBrokenIncident,
  sumMoney,
} from './queries.ts'

/** Checks every invariant that SQL can check, one statement each, and sums the money. Reads only; safe at any time. */
export async function checkInvariants(sql: Sql): Promise<IntegrityReport> {
  const started = performance.now()
  const counts = await countSubjects(sql)
  const checks: Check[] = []
  for (const invariant of invariants)
    checks.push({ ...invariant, looked: counts[invariant.of] ?? 0, ...(await listBroken(sql, invariant.broken)) })
  const money = await sumMoney(sql)
  const broken = checks.filter(({ wrong }) => wrong > 0).length
  return { checks, money, broken, tookMs: Math.round(performance.now() - started) }
}

/** The daily job: checks, stores the report, and opens an incident when something is broken. */
export async function recordIntegrityCheck(sql: Sql): Promise<IntegrityReport> {
  const report = await checkInvariants(sql)
  await insertReport(sql, report)
  if (report.broken > 0) await openBrokenIncident(sql, report)
  return report
}
