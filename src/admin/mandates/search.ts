import type { Sql } from '../../platform/db.ts'
import { findExact, listPeople } from '../subscribers/search.ts'
import { findMandatesNumbered, listMandateIdsOf } from './queries.ts'

/** Ids of the mandates that are meant by what was typed: a number of theirs or of a debit, else a person by name, address, phone, number. */
export async function findMandatesCalled(sql: Sql, typed: string): Promise<string[]> {
  const numbered = await findMandatesNumbered(sql, typed)
  if (numbered.length > 0) return numbered
  const anybody = { status: '', plan: '', role: '', verified: '', typed }
  const [exact, called] = await Promise.all([findExact(sql, typed), listPeople(sql, anybody, null, 100)])
  return listMandateIdsOf(
    sql,
    [...exact, ...called].map(({ id }) => id),
  )
}
