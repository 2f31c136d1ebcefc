import { readNumbering } from '../../billing/receipts/queries.ts'
import { trySecrets } from '../../identity/second-factor/encrypted-secrets.ts'
import type { Sql } from '../../platform/db.ts'
import { type QueuePause, readQueuePause } from '../../records/mails/queue-queries.ts'
import { findSuppression, type Suppression } from '../../records/suppressions/queries.ts'
import type { DoctorContext } from './context.ts'
import { type Finding, failure, ok, reasonOf, warning } from './finding.ts'
import { readAuditVerification, readEventPartitions, readGraceDays, readJobsAge, readProblems } from './queries.ts'

/** Some jobs run every ten seconds. */
const jobsLateS = 120

/** What the tables say of the site: whether its jobs run, and what is stuck, waits for a person or would be lost. */
export async function checkRecords(sql: Sql, config: DoctorContext['config']): Promise<Finding[]> {
  return [
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

function partitions({ daysAhead, strays }: Awaited<ReturnType<typeof readEventPartitions>>): Finding {
  const about = 'partitions'
  const todo = 'The job clean makes months ahead: see under Jobs in the panel why it does not.'
  if (strays > 0) return warning(about, `${strays} deliveries came while their month had none`, todo)
  return daysAhead >= 20
    ? ok(about, `deliveries have theirs for ${daysAhead} days ahead`)
    : warning(about, `deliveries have theirs for ${daysAhead} days ahead only`, todo)
}

/** Alerts go out all the same, but nobody reads them. */
function alertsBounce(suppression: Suppression | null | undefined | ''): Finding[] {
  if (!suppression) return []
  const says = `mails to ALERT_EMAIL ${suppression.kind === 'complaint' ? 'were called spam' : 'bounce'}: ${suppression.reason}`
  return [
    warning('alerts', says, 'Name an address that is read; lift the suppression under Mails once this one works.'),
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
