import { connect } from '../../platform/db.ts'
import { masked } from '../../platform/log.ts'
import { migrate } from '../../platform/migrate.ts'
import { checkInvariants } from '../integrity/integrity.ts'
import { fillFrom, openBackup } from './backup-file.ts'
import { NewerBackup } from './own-restore.ts'
import { createScratch, dropScratch } from './queries.ts'

export type Proof = {
  url: string
  file: string
  pgDump: string | null
  scratch: string
  say: (line: string) => void
}

/**
 * Reads the backup to its end, restores it into a database of its own on the same server, compares what every table
 * holds, checks the books there, and takes it away again. Where this account may make no database, reading must do.
 * @returns how it was proved, in words. Throws when it is not good.
 */
export async function verify({ url, file, pgDump, scratch, say }: Proof): Promise<string> {
  const backup = await openBackup(file, { pgDump, withoutManifest: false }).catch((error) => {
    if (error instanceof NewerBackup) return null
    throw error
  })
  // In the middle of a release: the file was read to its end before that was found.
  if (!backup) return 'read back, not restored: the database is of a newer release than this checkout'
  if (!(await createScratch(url, scratch))) return 'read back, not restored: this account may not create databases'
  try {
    const place = Object.assign(new URL(url), { pathname: `/${scratch}` }).href
    await fillFrom(backup, place)
    return `restored and compared, ${await booksAt(place, say)}`
  } finally {
    await dropScratch(url, scratch)
  }
}

/** Books that are broken were broken before: that is told, and is no fault of the backup. */
async function booksAt(place: string, say: (line: string) => void): Promise<string> {
  await migrate(place)
  const sql = connect(place, { max: 1, name: 'etf-backup', deadline: 120_000 })
  try {
    const { broken, checks } = await checkInvariants(sql)
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
