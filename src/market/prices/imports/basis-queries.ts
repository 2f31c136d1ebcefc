import { type Actor, originJson } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'
import type { Basis } from '../files/formats.ts'

/**
 * Restated prices of an import that were read since the last such call account for splits up to `lastDay`. `place`: of their
 * file among the import's.
 */
export async function setRestatedAsOf(
  sql: Sql,
  importId: number,
  { place, symbols, lastDay }: { place: number; symbols: readonly string[]; lastDay: string },
): Promise<void> {
  await sql`
    update prices p
    set restated_as_of = ${lastDay}
    where p.import_id = ${importId} and p.file = ${place} and p.basis = 'restated' and p.restated_as_of is null
      and p.symbol in (select jsonb_array_elements_text(${sql.json(symbols as never)}))
  `
}

/** What prices are taken for; `asOf` null where they are as traded. */
export type Taken = { basis: Basis; asOf: string | null }

/** One file's prices of an instrument that are `taken` for something, and what they are to be taken for. */
export type BasisOfFile = { place: number; symbol: string; taken: Taken; right: Taken }

/** See set_basis in basis.sql for the answers. */
export async function setBasis(sql: Sql, importId: number, given: BasisOfFile, by: Actor): Promise<string> {
  const { place, symbol, taken, right } = given
  const [row] = await sql<{ outcome: string }[]>`
    select set_basis(${importId}, ${place}, ${symbol}, ${taken.basis}, ${taken.asOf}, ${right.basis}, ${right.asOf},
                     ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}
