import type { Sql } from '../../platform/db.ts'
import type { VerifiedHead } from '../../records/audit/queries.ts'
import type { Invariant } from './invariants.ts'

/** How many ids of broken rows a report names. */
export const maxIds = 20

/** An invariant with its result: how many rows were checked, how many break it, and the first twenty ids of those. */
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

/** `auditFrom`: where verifying the audit began; null: at its first row. */
export type IntegrityReport = {
  checks: Check[]
  money: Money[]
  auditFrom: VerifiedHead | null
  broken: number
  tookMs: number
}

/** Runs one of the functions of *.sql that return the ids of broken rows: how many, and the first of them. */
export async function listBroken(sql: Sql, name: string): Promise<{ wrong: number; ids: string[] }> {
  if (!/^broken_[a-z0-9_]+$/.test(name)) throw new Error(`${name} is not a check`)
  const [row] = await withLongTimeout<{ wrong: number; ids: string[] }>(
    sql,
    `select count(*)::int as wrong, coalesce(jsonb_agg(id order by id) filter (where place <= ${maxIds}), '[]') as ids
     from (select id, row_number() over (order by id) as place from ${name}() as id) broken`,
  )
  return row!
}

/** How many rows there are of every kind that is checked. */
export async function countSubjects(sql: Sql): Promise<Record<string, number>> {
  const [row] = await withLongTimeout<{ counts: Record<string, number> }>(sql, 'select book_counts() as counts')
  return row!.counts
}

/** The captured money and where it is, per currency, in paise. */
export async function sumMoney(sql: Sql): Promise<Money[]> {
  return withLongTimeout<Money>(sql, 'select * from places_of_money()')
}

/** Stores a report and deletes all but the newest thirty. */
export async function insertReport(sql: Sql, report: IntegrityReport): Promise<void> {
  await sql`
    with stored as (
      insert into book_checks (took_ms, broken, report)
      values (${report.tookMs}, ${report.broken}, ${sql.json(report as never)})
    )
    delete from book_checks where id in (select id from book_checks order by id desc offset 29)
  `
}

/** Opens an incident about the broken invariants; one a day at most. */
export async function openBrokenIncident(sql: Sql, report: IntegrityReport): Promise<void> {
  const broken = report.checks.filter((check) => check.wrong > 0)
  await sql`
    select open_incident('books-broken', (now() at time zone 'Asia/Kolkata')::date::text, ${sql.json(broken as never)})
  `
}

/**
 * Checks of a large database take longer than the four seconds that a page may take. Several statements in one message
 * are one transaction, so what is set in it ends with it.
 */
async function withLongTimeout<T>(sql: Sql, statement: string): Promise<T[]> {
  const results = (await sql.unsafe(
    `set local statement_timeout = '5min'; set local work_mem = '64MB'; set local jit = off; ${statement}`,
  )) as unknown as T[][]
  return results.at(-1)!
}
