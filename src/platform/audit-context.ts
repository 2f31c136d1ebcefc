import type { Sql } from './db.ts'

/** Where a person's action came from, for the audit. */
export type AuditContext = { address: string; userAgent: string; requestId: string }

/** Who does something: the audit's actor ('user:<id>', 'command', 'clock'…), and from where if it is a person. */
export type Actor = { actor: string; origin: AuditContext | null }

/** `p_origin` of the SQL functions that write to the audit: null where no person acts. */
export const originJson = (sql: Sql, { origin }: Partial<Actor>) => (origin ? sql.json(origin) : null)
