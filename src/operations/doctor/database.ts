import { isOfUnknownPooler, readDatabaseAddress } from '../../platform/database-address.ts'
import { connect } from '../../platform/db.ts'
import { queueConnections } from '../../platform/jobs.ts'
import { compareRelease, readRelease } from '../../platform/release.ts'
import type { DoctorContext } from './context.ts'
import { announcePooler, servers } from './database-servers.ts'
import { type Finding, failure, ok, reasonOf, warning } from './finding.ts'
import { readMigrations, readRights, readServer, readSurroundings } from './queries.ts'
import { checkRecords } from './records.ts'

const about = 'database'

/** PostgreSQL: whether it answers, is new enough and migrated, its clock, and what is waiting or stuck. */
export async function checkDatabase({ config, databaseUrl }: DoctorContext): Promise<Finding[]> {
  const sql = connect(databaseUrl, { max: 1, name: 'etf-doctor' })
  try {
    const asked = Date.now()
    const server = await readServer(sql)
    const answered = Date.now()
    const found = [
      version(server, answered - asked),
      clock('clock and database', server.now.getTime() - (asked + answered) / 2, (answered - asked) / 2),
      connections(config, server.maxConnections),
      ...servers(await readSurroundings(sql), readDatabaseAddress(databaseUrl)),
    ]
    if (!server.hasMigrations)
      return [
        ...found,
        (config.production ? failure : warning)(
          'migrations',
          'none were applied',
          'Run `npm run migrate`, or start the site once.',
        ),
      ]
    const current = await migrations(await readMigrations(sql))
    if (current.level === 'failure') return [...found, current]
    return [...found, current, roles(await readRights(sql), config.production), ...(await checkRecords(sql, config))]
  } catch (error) {
    if (isOfUnknownPooler(error))
      return [failure(about, 'a pooler stands before it and refuses our connections', announcePooler)]
    return [
      failure(
        about,
        `does not answer (${reasonOf(error)})`,
        'Check that PostgreSQL runs, that DATABASE_URL is right, and that this machine may reach it (pg_hba.conf, firewall).',
      ),
    ]
  } finally {
    await sql.end({ timeout: 1 })
  }
}

function version(server: { versionNumber: number; version: string }, ms: number): Finding {
  return server.versionNumber >= 140_000
    ? ok(about, `PostgreSQL ${server.version.split(' ')[0]}, answers in ${ms} ms`)
    : failure(about, `PostgreSQL ${server.version} is too old`, 'Use PostgreSQL 14 or newer.')
}

function connections({ database, role }: DoctorContext['config'], maxConnections: number): Finding {
  const wanted = database.poolMax + queueConnections[role === 'web' ? 'web' : 'worker']
  return wanted <= maxConnections - 5
    ? ok('connections', `${wanted} per process, of ${maxConnections}`)
    : warning(
        'connections',
        `each process may open ${wanted}, the server allows ${maxConnections}`,
        'Lower DB_POOL_MAX or raise max_connections.',
      )
}

/** How far another clock is off this machine's. `uncertainMs` is what the round trip may account for. */
export function clock(what: string, aheadMs: number, uncertainMs: number): Finding {
  const offS = Math.max(0, Math.abs(aheadMs) - uncertainMs) / 1000
  const says = `${offS.toFixed(1)} s apart`
  const todo = 'Keep time on every machine with NTP (`timedatectl set-ntp true`).'
  if (offS > 60) return failure(what, says, todo)
  return offS > 2 ? warning(what, says, todo) : ok(what, offS === 0 ? 'agree' : says)
}

async function migrations(applied: readonly string[]): Promise<Finding> {
  const release = await readRelease()
  const { compatibility, missing, newer } = compareRelease(release, applied)
  const says = `the database is newer than this checkout (${newer.join(', ')})`
  if (compatibility === 'older-than-database')
    return warning('migrations', `${says}, which still works on it`, 'Start the newer release everywhere.')
  if (compatibility === 'incompatible')
    return failure('migrations', `${says}, which does not work on it`, 'Run the release that made them.')
  if (compatibility === 'current')
    return ok('migrations', `all ${release.migrations.length} applied, functions current`)
  return failure(
    'migrations',
    missing.length > 0 ? `pending: ${missing.join(', ')}` : 'the functions are of another release',
    'Run `npm run migrate`, or start the site.',
  )
}

function roles({ rewrites }: { rewrites: boolean }, production: boolean): Finding {
  if (!rewrites) return ok('roles', 'two: this one changes neither the audit nor a table')
  if (!production) return ok('roles', 'one, the owner: it may change the audit')
  return warning(
    'roles',
    'one, the owner: the site may change the audit and the tables',
    'Give the site a role of its own: “Two roles” in docs/operating.md.',
  )
}
