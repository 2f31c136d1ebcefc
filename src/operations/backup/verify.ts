import { withDatabaseName } from '../../platform/database-address.ts'
import { connect } from '../../platform/db.ts'
import { masked } from '../../platform/log.ts'
import { migrate } from '../../platform/migrate.ts'
import { checkInvariants } from '../integrity/integrity.ts'
import { fillFrom, openBackup } from './backup-file.ts'
import { type Connection, withConnection } from './connection-queries.ts'
import { createDatabase, dropDatabaseByForce } from './database-queries.ts'
import { NewerBackup } from './own-restore.ts'

export type Verification = {
  url: string
  file: string
  pgDump: string | null
  scratch: string
  log: (line: string) => void
}

/**
 * Reads the backup to its end, restores it into a scratch database on the same server, compares the contents of every
 * table, checks the invariants there, and drops it. Where this account may not create databases, it is only read.
 * @returns a sentence on how far it was verified. Throws when the backup is not good.
 */
export async function verify({ url, file, pgDump, scratch, log }: Verification): Promise<string> {
  const backup = await openBackup(file, { pgDump, withoutManifest: false }).catch((error) => {
    if (error instanceof NewerBackup) return null
    throw error
  })
  // During a rolling release. The file was read to its end before the newer release was noticed.
  if (!backup) return 'read back, not restored: the database is of a newer release than this checkout'
  const onServer = <T>(work: (server: Connection) => Promise<T>) => withConnection(url, 'etf-backup', work)
  if (!(await onServer((server) => createDatabase(server, scratch))))
    return 'read back, not restored: this account may not create databases'
  try {
    const copy = withDatabaseName(url, scratch)
    await fillFrom(backup, copy)
    return `restored and compared, ${await checkCopy(copy, log)}`
  } finally {
    await onServer((server) => dropDatabaseByForce(server, scratch))
  }
}

/** Invariants that are broken in the copy are broken in the original too: logged, and no fault of the backup. */
async function checkCopy(url: string, log: (line: string) => void): Promise<string> {
  await migrate(url)
  const sql = connect(url, { max: 1, name: 'etf-backup', deadline: 120_000 })
  try {
    const { broken, checks } = await checkInvariants(sql)
    if (broken === 0) return `${checks.length} checks of the books hold`
    log(`▸ ${broken} of ${checks.length} checks of the books do not hold, here as there: see \`npm run invariants\``)
    return `${broken} checks of the books do not hold`
  } catch (error) {
    log(`▸ the books of the copy could not be checked: ${masked((error as Error).message)}`)
    return 'its books were not checked'
  } finally {
    await sql.end({ timeout: 5 })
  }
}
