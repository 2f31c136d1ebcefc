/** A number with its unit and where it is from; `measured` on that day, or else assumed. */
export type Parameter = { value: number; unit: string; from: string; measured: string | null }

const measured = (value: number, unit: string, day: string, from: string): Parameter => ({
  value,
  unit,
  from,
  measured: day,
})
const assumed = (value: number, unit: string, from: string): Parameter => ({ value, unit, from, measured: null })

/**
 * What the simulation reckons with. Measured figures are those of docs/speed.md or of a database that `npm run seed` filled, on two
 * shared processors; the rest is assumed and wants your own numbers.
 */
export const parameters = {
  bytesAnOrder: measured(
    5_290,
    'bytes',
    '2026-11-29',
    'tables and indexes without deliveries and prices, a paid order: npm run seed -- --subscribers 20000 --orders 60000, PostgreSQL 15',
  ),
  bytesADelivery: measured(406, 'bytes', '2026-11-29', 'webhook_events of that database, whose notices are short'),
  bytesAMail: measured(477, 'bytes', '2026-11-29', 'mails of that database'),
  settlementsASecond: measured(
    360,
    'a second',
    '2026-11-21',
    'docs/speed.md, settlement, eight connections on two shared processors',
  ),
  processorAPage: measured(4.95, 'ms', '2026-11-29', 'docs/speed.md, the analyser’s answer known'),
  processorADelivery: measured(
    8.2,
    'ms',
    '2026-11-21',
    'docs/speed.md, webhook endpoint: 122 a second on one processor',
  ),
  mailsASecond: measured(80, 'a second', '2026-11-22', 'docs/speed.md, weekly report, one worker'),

  monthlyShare: assumed(0.7, 'of subscribers', 'who pay by the month; the others by the year'),
  churn: assumed(0.05, 'a month', 'who leave, and as many come, so that the number stays'),
  bytesANotice: assumed(1_200, 'bytes', 'body and headers of a real notice on top of a short one'),
  attempts: assumed(1.21, 'a paid order', 'attempts to pay, each with its delivery, as the seed draws them'),
  busiestDay: assumed(3, 'times the average', 'the first of a month, salaries have come'),
  busiestMinute: assumed(6, 'times the day’s average', 'an evening after a session, with reminders just mailed'),
  visitsADay: assumed(0.4, 'a subscriber', 'evenings on which somebody looks'),
  pagesAVisit: assumed(5, 'pages', 'the map, a sector or two, the table'),
  reportsAMonth: assumed(4.35, 'a subscriber', 'weekly report; most keep it'),
  alertsAMonth: assumed(3, 'a subscriber', 'evenings on which something changed for them'),
  mailHours: assumed(6, 'hours', 'in which a report has reached everybody'),
  walFactor: assumed(2.5, 'times the bytes kept', 'indexes, full pages after checkpoints, updates'),
  backupFactor: assumed(0.2, 'of the database', 'compressed dump of text and JSON'),
  deliveryMonths: assumed(6, 'months', 'for which deliveries are kept: 149 to 180 days'),
  bulkMailMonths: assumed(13, 'months', 'for which mails to many are kept'),
  backupsKept: assumed(14, 'backups', 'a day each'),
  databaseAPage: assumed(1, 'ms', 'of the database’s processors, for the statements of a page'),
  busyShare: assumed(0.5, 'of a processor', 'above it the slow answers grow'),
  processorsANode: assumed(4, 'processors', 'a web node or worker of 8 GB'),
  poolOfNode: assumed(10, 'connections', 'DB_POOL_MAX, its default'),
  rupeesAProcessorMonth: assumed(2_500, '₹', 'a rented virtual processor with 4 GB; ask your provider'),
  rupeesAGbMonth: assumed(8, '₹', 'replicated SSD; ask your provider'),
  rupeesAThousandMails: assumed(8.5, '₹', 'Amazon SES asks $0.10 for a thousand'),
} satisfies Record<string, Parameter>
