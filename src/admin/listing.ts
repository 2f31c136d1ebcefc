import { AppError } from '../platform/errors.ts'

/** Where a list goes on: the key of the last row shown, newest first. Rows that arrive meanwhile move nothing. */
export type Cursor = { at: Date; id: string }

/** Rows of one page, and the query string of the next one; null on the last. */
export type Page<Row> = { rows: Row[]; next: string | null }

const rowsAPage = 50

/**
 * One page of a list: asks for a row more than is shown, so that "older" is offered only where there is something older.
 * `filter` goes into the link, so that the next page is of the same list.
 */
export async function pageOf<Row>(
  list: (after: Cursor | null, limit: number) => Promise<readonly Row[]>,
  keyOf: (row: Row) => Cursor,
  given: { after: string | undefined; filter: Record<string, string> },
): Promise<Page<Row>> {
  const found = await list(readCursor(given.after), rowsAPage + 1)
  const rows = found.slice(0, rowsAPage)
  const last = rows.at(-1)
  const next = found.length > rowsAPage && last ? queryOf({ ...given.filter, after: writeCursor(keyOf(last)) }) : null
  return { rows, next }
}

/** All rows of a list, a thousand at a time, for an export: memory does not grow with the list. */
export async function* allOf<Row>(
  list: (after: Cursor | null, limit: number) => Promise<readonly Row[]>,
  keyOf: (row: Row) => Cursor,
): AsyncGenerator<readonly Row[]> {
  const size = 1_000
  for (let after: Cursor | null = null; ; ) {
    const rows: readonly Row[] = await list(after, size)
    if (rows.length > 0) yield rows
    if (rows.length < size) return
    after = keyOf(rows.at(-1)!)
  }
}

/** A query string of what is set, starting with "?"; empty when nothing is. */
export function queryOf(values: Record<string, string>): string {
  const set = Object.entries(values).filter(([, value]) => value !== '')
  return set.length > 0 ? `?${new URLSearchParams(set)}` : ''
}

function writeCursor({ at, id }: Cursor): string {
  return Buffer.from(JSON.stringify([at.toISOString(), id])).toString('base64url')
}

/** Reads what `writeCursor` wrote. Throws AppError `not-found` for anything else: it came from no link of ours. */
function readCursor(text: string | undefined): Cursor | null {
  if (!text) return null
  try {
    const [at, id] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [string, string]
    const instant = new Date(at)
    // As we write it, and nothing that a database would not take: no NUL, no year beyond its calendar.
    if (instant.toISOString() !== at || at.length !== 24 || !/^\P{C}{1,100}$/u.test(id)) throw new Error('not a cursor')
    return { at: instant, id }
  } catch {
    throw new AppError('not-found', 'This page of the list does not exist. Please start from the first one.')
  }
}
