import type { Sql } from '../../platform/db.ts'
import { advanceVerified, type Verdict, verifyNewAudit, verifyWholeAudit } from '../../records/audit/verifying.ts'
import { auditChain, type Invariant, invariants } from './invariants.ts'
import {
  type Check,
  countSubjects,
  type IntegrityReport,
  insertReport,
  listBroken,
  maxIds,
  openBrokenIncident,
  sumMoney,
} from './queries.ts'

/**
 * Checks every invariant that SQL can check, one statement each, and sums the money. Reads only; safe at any time. The audit's
 * chain is verified from the verified head on; `auditVerdict` is what a verification of all of it found, where one was made.
 */
export async function checkInvariants(sql: Sql, auditVerdict?: Verdict): Promise<IntegrityReport> {
  const started = performance.now()
  const counts = await countSubjects(sql)
  const checks: Check[] = []
  for (const invariant of invariants)
    checks.push({ ...invariant, looked: counts[invariant.of] ?? 0, ...(await listBroken(sql, invariant.broken)) })
  const { from, ...chain } = auditVerdict ? { ...auditVerdict, from: null } : await verifyNewAudit(sql)
  checks.push(chainCheck(auditChain, chain))
  const money = await sumMoney(sql)
  const broken = checks.filter(({ wrong }) => wrong > 0).length
  return { checks, money, auditFrom: from, broken, tookMs: Math.round(performance.now() - started) }
}

/** `checkInvariants` with the whole chain of the audit, which takes five seconds for a million rows and is put on record. */
export async function checkWithWholeAudit(sql: Sql, progress: (looked: number) => void): Promise<IntegrityReport> {
  return checkInvariants(sql, await verifyWholeAudit(sql, progress))
}

function chainCheck(invariant: Invariant, { looked, wrong, faults }: Verdict): Check {
  const ids = faults
    .slice(0, maxIds)
    .map(({ position, auditId, fault }) =>
      [position && `seal ${position}`, auditId && `row ${auditId}`].filter(Boolean).join(' ').concat(`: ${fault}`),
    )
  return { ...invariant, looked, wrong, ids }
}

/** The daily job: moves the audit's verified head, checks, stores the report, and opens an incident when something is broken. */
export async function recordIntegrityCheck(sql: Sql): Promise<IntegrityReport> {
  await advanceVerified(sql)
  const report = await checkInvariants(sql)
  await insertReport(sql, report)
  if (report.broken > 0) await openBrokenIncident(sql, report)
  return report
}
