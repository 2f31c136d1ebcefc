import { readNumbering } from '../../billing/receipts/queries.ts'
import { trySecrets } from '../../identity/second-factor/encrypted-secrets.ts'
import { isOfUnknownPooler, readDatabaseAddress } from '../../platform/database-address.ts'
import { connect, type Sql } from '../../platform/db.ts'
import { queueConnections } from '../../platform/jobs.ts'
import { compareRelease, readRelease } from '../../platform/release.ts'
import { type QueuePause, readQueuePause } from '../../records/mails/queue-queries.ts'
import { findSuppression, type Suppression } from '../../records/suppressions/queries.ts'
import type { DoctorContext } from './context.ts'
import { announcePooler, servers } from './database-servers.ts'
import { type Finding, failure, ok, reasonOf, warning } from './finding.ts'
import {
  readAuditVerification,
  readEventPartitions,
  readGraceDays,
  readJobsAge,
  readMigrations,
  readProblems,
  readRights,
  readServer,
  readSurroundings,
} from './queries.ts'

const about = 'database'
/** Some jobs run every ten seconds. */
const jobsLateS = 120

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
    return [
      ...found,
      current,
      roles(await readRights(sql), config.production),
      graceDays(config.graceDays, await readGraceDays(sql)),
      jobs(await readJobsAge(sql), config.production),
      numbering(await readNumbering(sql)),
      ...(await secondFactors(sql, config.totpKeys)),
      auditVerified(await readAuditVerification(sql)),
      ...mailPause(await readQueuePause(sql)),
      partitions(await readEventPartitions(sql)),
      ...alertsBounce(config.alertEmail && (await findSuppression(sql, config.alertEmail))),
      ...problems(await readProblems(sql)),
    ]
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

/** Without configured keys the demo's own is used, which never changes. */
async function secondFactors(sql: Sql, keys: readonly Buffer[]): Promise<Finding[]> {
  if (keys.length === 0) return []
  const { readable, unreadable } = await trySecrets(sql, keys)
  if (unreadable.length === 0) return [ok('second factors', `${readable} can be opened with these keys`)]
  const names = unreadable.slice(0, 10)
  return [
    failure(
      'second factors',
      `${unreadable.length} of ${readable + unreadable.length} cannot be opened with these keys: ${names.join(', ')}`,
      `Add the key that sealed them again, after a comma, and restart. Otherwise each logs in with a recovery code and sets the app up again, or \`npm run admin -- --reset-second-factor ${names[0]}\`.`,
    ),
  ]
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

/** After a failover to a replica that commits did not wait for. */
function numbering({ waits, receipt, creditNote }: Awaited<ReturnType<typeof readNumbering>>): Finding {
  const last = `${receipt ?? 'no receipt'}, ${creditNote ?? 'no credit note'}`
  return waits
    ? failure(
        'numbers',
        `of receipts and credit notes have been waiting since a failover that may have lost some; last here: ${last}`,
        'Find the highest that was mailed (the mail server’s log), then `npm run numbering`: “Failover” in docs/operating.md.',
      )
    : ok('numbers', `are given; last: ${last}`)
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

/** A web node sells without them, but no mail leaves and no lost webhook is made up for. */
function jobs(ageS: number | null, production: boolean): Finding {
  if (ageS !== null && ageS <= jobsLateS) return ok('jobs', `one ended ${Math.round(ageS)} s ago`)
  const says = ageS === null ? 'none has ever run' : `none has run for ${Math.floor(ageS / 60)} minutes`
  // Outside production the site is often simply not running.
  if (!production) return ok('jobs', says)
  return failure(
    'jobs',
    says,
    'Start a process with ROLE=worker or ROLE=all, and see its log: no mail leaves until then.',
  )
}

/** Every start writes its setting down: where they differ, what decides about access is not what these settings say. */
function graceDays(configured: number, kept: number): Finding {
  return configured === kept
    ? ok('grace days', `${kept}`)
    : warning(
        'grace days',
        `access lasts ${kept} days after a period, but GRACE_DAYS is ${configured}`,
        'Restart every process of the site with the same GRACE_DAYS: the last start decides.',
      )
}

function partitions({ daysAhead, strays }: Awaited<ReturnType<typeof readEventPartitions>>): Finding {
  const about = 'partitions'
  const todo = 'The job clean makes months ahead: see under Jobs in the panel why it does not.'
  if (strays > 0) return warning(about, `${strays} deliveries came while their month had none`, todo)
  return daysAhead >= 20
    ? ok(about, `deliveries have theirs for ${daysAhead} days ahead`)
    : warning(about, `deliveries have theirs for ${daysAhead} days ahead only`, todo)
}

/** A change below the verified head is found by a whole verification alone, so one is wanted every month. */
function auditVerified({
  position,
  onRecord,
  days,
  wholeDays,
}: Awaited<ReturnType<typeof readAuditVerification>>): Finding {
  const upTo = `verified up to seal ${position.toLocaleString('en-IN')}`
  const whole = 'Run `npm run invariants -- --whole-audit` (five seconds for a million rows), every month.'
  if (!onRecord)
    return failure('audit', `its verified head (seal ${position}) was moved, and the audit does not say so`, whole)
  if ((days ?? 0) > 2)
    return warning(
      'audit',
      `${upTo}, ${days} days ago`,
      'The daily job check-books does not run, or found a fault: see the panel.',
    )
  if ((wholeDays ?? 0) > 40) return warning('audit', `${upTo}; not as a whole for ${wholeDays} days`, whole)
  return ok('audit', days === null ? 'not verified yet: the first daily check does' : upTo)
}

/** Alerts go out all the same, but nobody reads them. */
function alertsBounce(suppression: Suppression | null | undefined | ''): Finding[] {
  if (!suppression) return []
  const says = `mails to ALERT_EMAIL ${suppression.kind === 'complaint' ? 'were called spam' : 'bounce'}: ${suppression.reason}`
  return [
    warning('alerts', says, 'Name an address that is read; lift the suppression under Mails once this one works.'),
  ]
}

function mailPause(pause: QueuePause | null): Finding[] {
  if (!pause) return []
  const says = `all have been waiting since ${pause.since.toISOString().slice(0, 16)}: ${reasonOf(new Error(pause.reason))}`
  return [
    warning(
      'mails',
      says,
      'The server refuses us, not a mail. Too fast: set MAIL_PER_SECOND. “Mail at scale” in docs/operating.md.',
    ),
  ]
}

function problems(t: Awaited<ReturnType<typeof readProblems>>): Finding[] {
  const look = 'Check each with `npm run doctor -- --order ID`.'
  const minutes = (seconds: number) => `${Math.floor(seconds / 60)} min`
  const found: Finding[] = []
  for (const { kind, number, oldest } of t.incidents)
    found.push(
      warning(
        'incidents',
        `${number} × ${kind}, open since ${oldest.slice(0, 16)}`,
        'Resolve them in the admin panel.',
      ),
    )
  if (t.mailsDead > 0)
    found.push(
      warning(
        'mails',
        `${t.mailsDead} not delivered`,
        'See mails.last_error: a wrong address, or a server that refuses us.',
      ),
    )
  if ((t.oldestMailS ?? 0) > 600)
    found.push(
      failure(
        'mails',
        `the oldest has waited ${minutes(t.oldestMailS!)}`,
        'The mail server or the jobs do not work: see the lines about mail and site.',
      ),
    )
  if ((t.webhookLagS ?? 0) > 120)
    found.push(
      failure(
        'webhooks',
        `one has waited ${minutes(t.webhookLagS!)} to be settled`,
        'Cashfree cannot be asked, or no site runs: see those lines.',
      ),
    )
  if (t.ordersStuck.length > 0)
    found.push(
      failure(
        'orders',
        `no check is planned for ${t.ordersStuck.join(', ')}`,
        `The reconciler does not run: is a site up? ${look}`,
      ),
    )
  if (t.ordersHeld.length > 0) found.push(warning('orders', `held: ${t.ordersHeld.join(', ')}`, look))
  if (t.refundsStuck.length > 0)
    found.push(
      warning(
        'refunds',
        `not finished in 3 days: ${t.refundsStuck.map(withoutPaymentId).join(', ')}`,
        'Compare with Cashfree’s dashboard.',
      ),
    )
  return found.length > 0 ? found : [ok('books', 'no open incident, dead mail, waiting delivery or stuck order')]
}

function withoutPaymentId(refundId: string): string {
  return refundId.replace(/\d{4,}(?=\d{4})/, '…')
}
