import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** The company that a receipt is made out to. `address` may be empty; a GSTIN decides the state whose tax applies. */
export type Company = { legalName: string; address: string; gstin: string | null }

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
