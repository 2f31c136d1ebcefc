import { type Actor, originJson } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'

/**
 * What somebody has to answer before an import may count, about prices of one instrument. `rename`, `isin`: whether the symbol
 * or ISIN that was `seen` is its own; `basis`: whether the file that was `seen` accounts for splits.
 */
export type Question = {
  kind: 'rename' | 'isin' | 'basis'
  symbol: string
  name: string
  /** The instrument's present ISIN. */
  isin: string | null
  seen: string
  firstDay: string
  lastDay: string
  prices: number
  answer: 'same' | 'other' | 'traded' | 'restated' | null
}

/**
 * A question as it is asked. For a basis, `file`: the file's place among the import's; `part`: which it is of the import's files
 * that do not say their basis, from 1.
 */
export type NewQuestion = Omit<Question, 'name' | 'isin' | 'answer'> & { file: number; part: number }

/** Asks about an import that is being read. */
export async function insertQuestions(sql: Sql, importId: number, asked: readonly NewQuestion[]): Promise<void> {
  await sql`
    insert into import_questions (import_id, kind, symbol, seen, first_day, last_day, prices, file, part)
    select ${importId}, a.kind, a.symbol, a.seen, a."firstDay", a."lastDay", a.prices, a.file, a.part
    from jsonb_to_recordset(${sql.json(asked as never)})
      as a(kind text, symbol text, seen text, "firstDay" date, "lastDay" date, prices integer, file smallint, part integer)
    where exists (select from instruments i where i.symbol = a.symbol)
  `
}

/** What an import asks and asked, unanswered ones first. */
export async function listQuestions(sql: Sql, importId: number): Promise<Question[]> {
  return sql<Question[]>`
    select q.kind, q.symbol, i.name, i.isin, q.seen, q.first_day::text as first_day, q.last_day::text as last_day, q.prices, q.answer
    from import_questions q
    join instruments i on i.symbol = q.symbol
    where q.import_id = ${importId}
    order by q.answer is not null, q.kind, q.symbol, q.seen
  `
}

/** See answer_question in questions.sql for the answers. */
export async function insertAnswer(
  sql: Sql,
  importId: number,
  { kind, symbol, seen, answer }: Record<'kind' | 'symbol' | 'seen' | 'answer', string>,
  by: Actor,
): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select answer_question(${importId}, ${kind}, ${symbol}, ${seen}, ${answer}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}
