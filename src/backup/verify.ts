import { checkBooks } from '../books/books.ts'
import { connect } from '../platform/db.ts'
import { masked } from '../platform/log.ts'
import { migrate } from '../platform/migrate.ts'
import { readBack, restoreOwnDump } from './own-restore.ts'
import { type PgTools, pgReadBack, pgRestore } from './pg-tools.ts'
import { closeSession, countRows, createScratch, dropScratch, openSession } from './queries.ts'

export type Proof = {
  url: string
  file: string
  /** Rows by table as the backup's snapshot saw them. */
  counts: Record<string, number>
  tools: PgTools | null
  scratch: string
  say: (line: string) => void
}

/**
 * Restores the backup into a database of its own on the same server, compares every table's rows, checks the books
 * there, and takes it away again. Where this account may make no database, the file is read back to its end.
 * @returns how it was proved, in words. Throws when it is not good.
 */
export async function verify(given: Proof): Promise<string> {
  const { url, file, counts, tools, scratch } = given
  if (!(await createScratch(url, scratch))) {
    if (tools) await pgReadBack(tools, file)
    else compare(counts, await readBack(file))
    return 'read back, not restored: this account may not create databases'
  }
  try {
    const place = Object.assign(new URL(url), { pathname: `/${scratch}` }).href
    compare(
      counts,
      tools ? await restoredByTools(tools, file, place, counts) : await restoreOwnDump(file, place, false),
    )
    return `restored and compared, ${await booksAt(place, given.say)}`
  } finally {
    await dropScratch(url, scratch)
  }
}

async function restoredByTools(tools: PgTools, file: string, place: string, counts: Record<string, number>) {
  await pgRestore(tools, file, place)
  const session = await openSession(place, 'snapshot')
  try {
    return await countRows(
      session,
      Object.keys(counts).map((name) => ({ name })),
    )
  } finally {
    await closeSession(session, 'rollback')
  }
}

/** Books that are broken were broken before: that is told, and is no fault of the backup. */
async function booksAt(place: string, say: (line: string) => void): Promise<string> {
  await migrate(place)
  const sql = connect(place, { max: 1, name: 'etf-backup', deadline: 120_000 })
  try {
    const { broken, checks } = await checkBooks(sql)
    if (broken === 0) return `${checks.length} checks of the books hold`
    say(`▸ ${broken} of ${checks.length} checks of the books do not hold, here as there: see \`npm run invariants\``)
    return `${broken} checks of the books do not hold`
  } catch (error) {
    say(`▸ the books of the copy could not be checked: ${masked((error as Error).message)}`)
    return 'its books were not checked'
  } finally {
    await sql.end({ timeout: 5 })
  }
}

function compare(wanted: Record<string, number>, found: Record<string, number>): void {
  for (const [name, rows] of Object.entries(wanted))
    if ((found[name] ?? 0) !== rows)
      throw new Error(`${name}: ${rows} rows were backed up, ${found[name] ?? 0} came back`)
}
