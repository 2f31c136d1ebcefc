import { grantToApp } from '../../platform/database-roles.ts'
import { connect } from '../../platform/db.ts'
import { prepareJobs } from '../../platform/jobs.ts'
import { migrate } from '../../platform/migrate.ts'
import { checkInvariants } from '../integrity/integrity.ts'
import { type BackupFile, fillFrom, openBackup } from './backup-file.ts'
import { withConnection } from './connection-queries.ts'
import { describeTarget, listSiteRoles, type Target } from './database-queries.ts'
import { closeSession, isEmpty, openSession, removeEverything, scheduleRecheck } from './queries.ts'
import { replaceDatabase, Unclear } from './swap.ts'

/** The database has tables, and `overwrite` was not given. */
export class NotEmpty extends Error {
  override name = 'NotEmpty'
}

export type RestoreOptions = {
  file: string
  into: string
  /** Replace a database that has tables with the restored one; the old one stays under another name. */
  overwrite: boolean
  /** End the connections of others to the database that is replaced. */
  endConnections?: boolean
  /** PG_DUMP; its pg_restore is taken from the same folder. */
  pgDump: string | null
  /** Accept a `.dump` without a manifest beside it. */
  withoutManifest?: boolean
  log?: (line: string) => void
}

/**
 * Restores a backup of either kind and migrates it to this release. The file is read to its end first. An empty database
 * is filled; one with tables is replaced by a new one that is filled and checked beside it.
 * @returns the name under which the old database stays; null when it was empty. When it throws, nothing was changed,
 * unless it throws Unclear.
 */
export async function restore(options: RestoreOptions): Promise<string | null> {
  const { into, overwrite, log = () => {} } = options
  const backup = await openBackup(options.file, { ...options, withoutManifest: options.withoutManifest === true })
  const { target, roles } = await inspect(into)
  if (target.empty) {
    await fillEmpty(backup, into, log)
    return null
  }
  if (!overwrite) throw new NotEmpty('There are tables in that database already.')
  assertReplaceable(target)
  return replaceDatabase({
    into,
    name: target.name,
    endConnections: options.endConnections === true,
    log,
    fill: (url) => fill(backup, url, { roles, log }),
  })
}

/** After a restore to an earlier time: see scheduleRecheck. Returns how many orders will be asked about. */
export async function recheckOrders(into: string, days: number): Promise<number> {
  return inTransaction(into, (session) => scheduleRecheck(session, days))
}

function inspect(into: string): Promise<{ target: Target; roles: string[] }> {
  return withConnection(into, 'etf-restore', async (sql) => ({
    target: await describeTarget(sql),
    roles: await listSiteRoles(sql),
  }))
}

/** Throws when this role lacks the rights to replace the database: managed servers often allow an account one database only. */
function assertReplaceable({ name, owner, tablesOf, mayCreateDatabases, mayRename }: Target): void {
  const instead = 'Or have an empty database made, restore into that one, and let DATABASE_URL name it'
  if (tablesOf !== null)
    throw new Error(`the tables in ${name} belong to ${tablesOf}: restore with the URL of that role. ${instead}`)
  if (!mayRename) throw new Error(`${name} belongs to ${owner}: restore with the URL of that role. ${instead}`)
  if (!mayCreateDatabases)
    throw new Error(
      `this account may not create databases, so nothing can be restored beside ${name} before it takes its place. ` +
        `Let it: alter role … createdb. ${instead}`,
    )
}

async function fillEmpty(backup: BackupFile, into: string, log: (line: string) => void): Promise<void> {
  try {
    await fill(backup, into, { roles: [], log })
  } catch (error) {
    await inTransaction(into, async (session) => {
      if (!(await isEmpty(session))) await removeEverything(session)
    }).catch((left: Error) => {
      throw new Unclear(
        `${(error as Error).message}. What had been restored could not be removed again: ${left.message}`,
      )
    })
    throw error
  }
}

async function fill(
  backup: BackupFile,
  url: string,
  { roles, log }: { roles: string[]; log: (line: string) => void },
): Promise<void> {
  await fillFrom(backup, url)
  await migrate(url)
  await checkRestored(url, { mayBeBroken: backup.kind === 'own' || backup.manifest !== null, log })
  if (roles.length === 0) return
  await prepareJobs(url)
  for (const role of roles) await grantToApp(url, role)
}

/**
 * Checks the invariants of the restored database. When every row was compared, a broken one was broken before the backup
 * and is logged; a file without a manifest was not compared, so there it is an error.
 */
async function checkRestored(
  url: string,
  { mayBeBroken, log }: { mayBeBroken: boolean; log: (line: string) => void },
): Promise<void> {
  const sql = connect(url, { max: 1, name: 'etf-restore', deadline: 120_000 })
  try {
    const { broken, checks } = await checkInvariants(sql)
    if (broken === 0) return log(`▸ restored and compared, ${checks.length} checks of the books hold`)
    const ids = checks.filter(({ wrong }) => wrong > 0).map(({ id }) => id)
    if (!mayBeBroken) throw new Error(`its books are not in order (${ids.join(', ')})`)
    log(
      `▸ restored and compared; ${ids.join(', ')} of the books did not hold when it was backed up: \`npm run invariants\``,
    )
  } finally {
    await sql.end({ timeout: 5 })
  }
}

async function inTransaction<T>(url: string, work: (session: Awaited<ReturnType<typeof openSession>>) => Promise<T>) {
  const session = await openSession(url, 'write')
  try {
    const result = await work(session)
    await closeSession(session, 'commit')
    return result
  } catch (error) {
    await closeSession(session, 'rollback').catch(() => {})
    throw error
  }
}
