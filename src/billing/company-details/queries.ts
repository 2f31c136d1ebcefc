import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { Company } from './company.ts'

/** The company that a person's receipts are made out to; null where they are a person's. */
export async function findCompany(sql: Sql, userId: string): Promise<Company | null> {
  const [row] = await sql<Company[]>`select legal_name, address, gstin from billing_details where user_id = ${userId}`
  return row ?? null
}

/** Keeps it for the next purchases, null for none: keep-company.sql. False: nothing was different. */
export async function keepCompany(sql: Sql, userId: string, company: Company | null, by: Actor): Promise<boolean> {
  const [row] = await sql<{ changed: boolean }[]>`
    select keep_company(${userId}, ${company === null ? null : sql.json(company)}, ${by.actor}, ${originJson(sql, by)}) as changed
  `
  return row!.changed
}
