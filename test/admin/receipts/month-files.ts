import { parse } from 'csv-parse/sync'
import { strFromU8, unzipSync } from 'fflate'
import { expect } from 'vitest'
import type { Visitor } from '../../support/visitor.ts'
import { app } from '../panel.ts'

export type Row = Record<string, string>

/** A file as its bytes. */
export async function download(visitor: Visitor, path: string): Promise<Buffer> {
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const answer = await fetch(`${app.url}${path}`, { headers: { cookie } })
  expect(answer.status).toBe(200)
  return Buffer.from(await answer.arrayBuffer())
}

/** The GSTR-1 files of a month by name, and the rows of each table by head. */
export async function gstr1Of(visitor: Visitor, month: string) {
  const zip = unzipSync(await download(visitor, `/admin/receipts/gstr1.zip?month=${month}`))
  const files = Object.fromEntries(Object.entries(zip).map(([name, bytes]) => [name, strFromU8(bytes)]))
  return { files, table: (name: string): Row[] => parse(files[`${name}.csv`]!, { columns: true }) }
}

/** "4228.81" in paise. */
export const paiseOf = (rupees: string) => Math.round(Number(rupees) * 100)
export const sum = (rows: Row[], head: string) => rows.reduce((all, row) => all + paiseOf(row[head]!), 0)
