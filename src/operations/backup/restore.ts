import { grantToApp } from '../../platform/database-roles.ts'
import { connect } from '../../platform/db.ts'
import { prepareJobs } from '../../platform/jobs.ts'
import { migrate } from '../../platform/migrate.ts'
import { checkInvariants } from '../integrity/integrity.ts'
import { type BackupFile, fillFrom, openBackup } from './backup-file.ts'
import { closeSession, isEmpty, openSession, removeEverything, scheduleRecheck } from './queries.ts'
import { replaceDatabase, Unclear } from './swap.ts'
import { describeTarget, listSiteRoles, openConnection, type Target } from './swap-queries.ts'

/** A database that holds something is not written over by mistake. */
export class NotEmpty extends Error {
  override name = 'NotEmpty'
}

export type RestoreOptions = {
  file: string
  into: string
  /** Put the restored database in the place of one that holds something; that one is kept under another name. */
  overwrite: boolean
  /** Also while others are connected to it. */
  endConnections?: boolean
  /** PG_DUMP; its pg_restore stands beside it. */
  pgDump: string | null
  /** Take a `.dump` that has no manifest beside it. */
  withoutManifest?: boolean
  say?: (line: string) => void
}

/**
 * Restores a backup of either kind and brings it to this release. The file is read to its end first. An empty database is
 * filled where it is; one that holds something is replaced by a new one that was filled and checked beside it.
 * @returns the name under which the database before is kept; null when it was empty. When it throws, nothing was
 * changed, unless it throws Unclear.
 */
export async function restore(options: RestoreOptions): Promise<string | null> {
  const { into, overwrite, say = () => {} } = options
  const backup = await openBackup(options.file, { ...options, withoutManifest: options.withoutManifest === true })
  const { target, roles } = await lookAt(into)
  if (target.empty) {
    await fillEmpty(backup, into, say)
    return null
  }
  if (!overwrite) throw new NotEmpty('There are tables in that database already.')
  refuseHelpless(target)
  return replaceDatabase({
    into,
    name: target.name,
    endConnections: options.endConnections === true,
    say,
    fill: (url) => fill(backup, url, { roles, say }),
  })
}

/** After a restore to an earlier time: see scheduleRecheck. Returns how many orders will be asked about. */
export async function recheckOrders(into: string, days: number): Promise<number> {
  return inTransaction(into, (session) => scheduleRecheck(session, days))
}

async function lookAt(into: string): Promise<{ target: Target; roles: string[] }> {
  const sql = await openConnection(into)
  try {
    return { target: await describeTarget(sql), roles: await listSiteRoles(sql) }
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Said before any work is done: a managed server often gives an account one database and no right to make another. */
function refuseHelpless({ name, owner, tablesOf, mayCreateDatabases, mayRename }: Target): void {
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

async function fillEmpty(backup: BackupFile, into: string, say: (line: string) => void): Promise<void> {
  try {
    await fill(backup, into, { roles: [], say })
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
  { roles, say }: { roles: string[]; say: (line: string) => void },
): Promise<void> {
  await fillFrom(backup, url)
  await migrate(url)
  await lookAtBooks(url, { mayBeBroken: backup.kind === 'own' || backup.manifest !== null, say })
  if (roles.length === 0) return
  await prepareJobs(url)
  for (const role of roles) await grantToApp(url, role)
}

/** Every row is as it was backed up: broken books were broken then. Without a manifest nobody knows, and they are refused. */
async function lookAtBooks(
  url: string,
  { mayBeBroken, say }: { mayBeBroken: boolean; say: (line: string) => void },
): Promise<void> {
  const sql = connect(url, { max: 1, name: 'etf-restore', deadline: 120_000 })
  try {
    const { broken, checks } = await checkInvariants(sql)
    if (broken === 0) return say(`▸ restored and compared, ${checks.length} checks of the books hold`)
    const ids = checks.filter(({ wrong }) => wrong > 0).map(({ id }) => id)
    if (!mayBeBroken) throw new Error(`its books are not in order (${ids.join(', ')})`)
    say(
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
