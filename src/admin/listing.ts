import { AppError } from '../platform/errors.ts'

/** Where a list goes on: the key of the last row shown, newest first. Rows that arrive in between move nothing. */
export type Cursor = { at: Date; id: string }

/** Rows of a list after a cursor, or from its start, at most so many. */
export type List<Row> = (after: Cursor | null, limit: number) => Promise<readonly Row[]>

/** Rows of one page, and the query string of the next one; null on the last. */
export type Page<Row> = { rows: Row[]; next: string | null }

/** A page of a list with what was asked for, whether it is the first one, and the address of the whole list as a file. */
export type ListPage<Row> = Page<Row> & { filter: Record<string, string>; first: boolean; csv: string }

const rowsAPage = 50

/**
 * One page of a list: asks for a row more than is shown, so that "older" is offered only where there is something older.
 * `filter` goes into the link, so that the next page is of the same list.
 */
export async function pageOf<Row>(
  list: List<Row>,
  keyOf: (row: Row) => Cursor,
  given: { after: string | undefined; filter: Record<string, string> },
): Promise<Page<Row>> {
  const found = await list(readCursor(given.after), rowsAPage + 1)
  const rows = found.slice(0, rowsAPage)
  const last = rows.at(-1)
  const next = found.length > rowsAPage && last ? queryOf({ ...given.filter, after: writeCursor(keyOf(last)) }) : null
  return { rows, next }
}

/** The page of a list that stands at `path`, and at `path`.csv as a file. */
export async function listPage<Row>(
  list: List<Row>,
  keyOf: (row: Row) => Cursor,
  { path, filter, after }: { path: string; filter: Record<string, string>; after: string | undefined },
): Promise<ListPage<Row>> {
  const page = await pageOf(list, keyOf, { after, filter })
  return { ...page, filter, first: !after, csv: `${path}.csv${queryOf(filter)}` }
}

/** The fields of a filter as a query names them, without spaces around; '' where one is missing. */
export function filterOf<Name extends string>(
  names: readonly Name[],
  query: Partial<Record<Name, string>>,
): Record<Name, string> {
  return Object.fromEntries(names.map((name) => [name, query[name]?.trim() ?? ''])) as Record<Name, string>
}

/** All rows of a list, a thousand at a time, for an export: memory does not grow with the list. */
export async function* allOf<Row>(list: List<Row>, keyOf: (row: Row) => Cursor): AsyncGenerator<readonly Row[]> {
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

/** Reads what `writeCursor` wrote. Throws AppError `not-found` for anything else, which no page of ours links to. */
function readCursor(text: string | undefined): Cursor | null {
  if (!text) return null
  try {
    const [at, id] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [string, string]
    const instant = new Date(at)
    // Exactly as written, and nothing that the database would not take: no NUL, no year before or beyond its calendar.
    if (instant.toISOString() !== at || !/^[1-9].{23}$/.test(at) || !/^\P{C}{1,100}$/u.test(id))
      throw new Error('not a cursor')
    return { at: instant, id }
  } catch {
    throw new AppError('not-found', 'This page of the list does not exist. Please start from the first one.')
  }
}
