import type { FastifyReply } from 'fastify'
import { dayInIndia } from '../platform/dates.ts'
import { type Column, csvOf } from './csv.ts'

/** Answers with a list as a CSV file, "mails-2026-11-20.csv" by today's date in India. */
export function sendCsv<Row>(
  reply: FastifyReply,
  name: string,
  columns: readonly Column<Row>[],
  pages: AsyncIterable<readonly Row[]>,
): FastifyReply {
  return reply
    .header('content-disposition', `attachment; filename="${name}-${dayInIndia(new Date())}.csv"`)
    .type('text/csv; charset=utf-8')
    .send(csvOf(columns, pages))
}
