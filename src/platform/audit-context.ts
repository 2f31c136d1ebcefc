import type { Sql } from './db.ts'

/** Where a person's act came from, for the audit. */
export type AuditContext = { address: string; userAgent: string; requestId: string }

/** Who does something: the audit's actor ('user:<id>', 'command', 'clock'…), and from where if a person does. */
export type Actor = { actor: string; origin: AuditContext | null }

/**
 * The first CTE of a statement whose audit rows should say from where: `with origin as materialized (${knownOrigin(sql, by)})`.
 * Whatever writes to `audit` must read from it (`from origin`), so that it runs first. Its column is `known`.
 */
export function auditContextOf(sql: Sql, by: Actor) {
  return sql`select set_config('etf.origin', ${by.origin ? JSON.stringify(by.origin) : ''}, true) as known`
}

/** `p_origin` of the SQL functions that write to the audit: null where no person acts. */
export const originJson = (sql: Sql, { origin }: Partial<Actor>) => (origin ? sql.json(origin) : null)
