import { describe, expect, test } from 'vitest'
import { isBelow, placeOf, rooms, type SourceFile, slices, sourceFiles } from './support/floor-plan.ts'

/** Who writes each table: a slice, or a room where no slice stands by itself. Others read it, or call the owner's function. */
const owners: Record<string, string[]> = {
  platform: ['migrations'],
  'records/audit': ['audit', 'audit_head', 'audit_seals', 'audit_verified'],
  'records/incidents': ['incidents'],
  'records/suppressions': ['mail_notifications', 'mail_suppressions'],
  'records/mails': ['mails', 'mail_queue'],
  'records/complaints': ['complaints'],
  'records/announcements': ['announcements'],
  'records/visits': ['visits', 'registration_sources'],
  'identity/users': ['users'],
  'identity/sessions': ['sessions'],
  'identity/known-browsers': ['known_devices'],
  'identity/api-keys': ['api_keys'],
  'identity/login-throttle': ['login_throttle'],
  'identity/second-factor': ['second_factors', 'recovery_codes'],
  'identity/email-tokens': ['account_links', 'reset_requests', 'login_link_requests'],
  'billing/plans': ['plans', 'price_changes'],
  'billing/company-details': ['billing_details'],
  'billing/coupons': ['coupons', 'coupon_claims'],
  'billing/payments': ['orders', 'payments'],
  'billing/subscriptions': ['subscriptions', 'subscription_periods', 'product_settings'],
  'billing/gifts': ['gifts'],
  'billing/switching': ['order_credits'],
  'billing/reminders': ['reminders'],
  'billing/receipts': [
    ...['receipts', 'receipts_due', 'receipt_series', 'credit_notes', 'credit_note_series'],
    ...['numbering_timeline', 'lost_numbers'],
  ],
  'billing/refunds': ['refunds'],
  'billing/disputes': ['disputes'],
  'billing/mandates': ['mandates', 'mandate_charges'],
  'billing/webhooks': ['webhook_events', 'webhook_events_default', 'webhook_refusals'],
  'market/version': ['market_state'],
  'market/calendar': ['holidays', 'special_sessions'],
  'market/instruments': ['instruments', 'etf_list', 'former_names'],
  'market/prices': ['imports', 'import_questions', 'prices', 'navs', 'splits', 'real_jumps'],
  'market/feed': ['feed_state', 'feed_days', 'feed_files'],
  'market/watch-list': ['stars'],
  'market/changes': ['dashboard_visits'],
  'market/reports': ['report_choices'],
  'admin/subscribers': ['person_notes'],
  'market/alerts': ['alert_states', 'alert_standings', 'alert_choices', 'alert_sectors', 'alert_digests'],
  'admin/metrics': ['daily_figures', 'figure_snapshot'],
  'operations/integrity': ['book_checks'],
  'operations/jobs': ['job_runs'],
}
const ownerOf = new Map(
  Object.entries(owners).flatMap(([slice, tables]) => tables.map((table) => [table, slice] as const)),
)

/** Whose job it is to write what others own: each with the reason. */
const exceptions: Record<string, string> = {
  'identity/users/change-user.sql':
    'an account has its pending subscription from the first moment, never one without the other',
  'account/data/delete-account.sql': 'one act of deletion empties what every slice holds of a person',
  'billing/checkout/settle-usual-orders.sql':
    'the usual payment is one statement, whose rows a test compares with those that the owners write',
  'operations/backup/queries.ts': 'a restore writes every table, in databases that have no functions yet',
  'operations/jobs/retention-queries.ts': 'what is kept for how long is one promise, and one place keeps it',
}
/** The one writer of money state composes what stands beside and above it; that is its job. */
const composers = ['billing/checkout/settle-order.sql']

const files = sourceFiles('').filter(
  ({ file }) => /(^|\/|-)queries\.ts$|\.sql$/.test(file) && !/^(dev|platform)\//.test(file),
)
const sliceOf = (file: string) => {
  const { room, slice } = placeOf(file)
  return slice === '' ? room : `${room}/${slice}`
}
const withoutComments = ({ file, text }: SourceFile) =>
  file.endsWith('.sql') ? text.replace(/--[^\n]*/g, '') : text.replace(/\/\*\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
const definitions = new Map(
  sourceFiles('.sql')
    .filter(({ file }) => !file.startsWith('platform/'))
    .flatMap(({ file, text }) =>
      [...text.matchAll(/create or replace function (\w+)/g)].map((match) => [match[1]!, file] as const),
    ),
)
const writesIn = (text: string) => [
  ...new Set(
    [...text.matchAll(/\b(?:insert into|delete from|merge into|update)\s+(\w+)/g)]
      .map((match) => match[1]!)
      .filter((table) => ownerOf.has(table)),
  ),
]
const callsIn = (text: string) => [
  ...new Set([...text.matchAll(/\b(\w+)\s*\(/g)].map((match) => match[1]!).filter((name) => definitions.has(name))),
]

/** Whether a slice may call what stands in another: its own room's lower floors, or any lower room. */
function mayCall(from: string, to: string): boolean {
  const [room = '', slice = ''] = from.split('/')
  const [calledRoom = '', calledSlice = ''] = to.split('/')
  if (room !== calledRoom) return isBelow(calledRoom, room, rooms)
  return slice === calledSlice || !(room in slices) || isBelow(calledSlice, slice, slices[room]!)
}

describe('SQL stands on the same floors', () => {
  test('every table has one owner, which exists', () => {
    const created = sourceFiles('.sql')
      .filter(({ file }) => file.startsWith('platform/migrations/'))
      .flatMap(({ text }) => [...text.matchAll(/create table (?:if not exists )?(\w+)/g)].map((match) => match[1]!))
    expect([...new Set([...created, 'migrations'])].sort()).toEqual([...ownerOf.keys()].sort())
    const there = new Set([...sourceFiles('.ts').map(({ file }) => sliceOf(file)), 'platform'])
    expect(Object.keys(owners).filter((slice) => !there.has(slice))).toEqual([])
  })

  test('a slice writes its own tables only', () => {
    const wrong = files
      .filter(({ file }) => !(file in exceptions))
      .flatMap((source) =>
        writesIn(withoutComments(source))
          .filter((table) => ownerOf.get(table) !== sliceOf(source.file))
          .map((table) => `${source.file} writes ${table} of ${ownerOf.get(table)}`),
      )
    expect(wrong).toEqual([])
  })

  test('a slice calls only functions of its own and of lower floors', () => {
    const wrong = files
      .filter(({ file }) => !(file in exceptions) && !composers.includes(file))
      .flatMap((source) =>
        callsIn(withoutComments(source))
          .filter((name) => !mayCall(sliceOf(source.file), sliceOf(definitions.get(name)!)))
          .map((name) => `${source.file} calls ${name} of ${definitions.get(name)}`),
      )
    expect(wrong).toEqual([])
  })

  test('one function each writes audit, incidents and mails', () => {
    const writing = sourceFiles('').flatMap((source) =>
      /^(dev|platform)\//.test(source.file)
        ? []
        : [...withoutComments(source).matchAll(/insert into (audit|incidents|mails)\b/g)].map(
            (match) => `${source.file}: ${match[1]}`,
          ),
    )
    expect(writing.sort()).toEqual([
      'records/audit/record-audit.sql: audit',
      'records/incidents/open-incident.sql: incidents',
      'records/mails/enqueue-mail.sql: mails',
    ])
  })

  test('files of functions drop nothing: that is a migration’s work', () => {
    expect(files.filter(({ text }) => /^\s*drop /m.test(text)).map(({ file }) => file)).toEqual([])
  })
})
