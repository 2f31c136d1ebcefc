import { Counter, Gauge, type Registry } from 'prom-client'
import type { Sql } from '../../platform/db.ts'
import { bounded } from './labels.ts'
import { type HealthSnapshot, readHealth, readStretch } from './queries.ts'

const freshMs = 10_000
/** Rows of the growing books read at a time, and how long one look may take. */
const stretchRows = 20_000
const patienceMs = 2_000

/** The figures of the business for a registry, read from the database at most every ten seconds. */
export function businessGauges(sql: Sql, registry: Registry): { refresh(): Promise<void> } {
  const show = gauges(registry)
  const seen = { audit: 0, events: 0, rescued: 0, rescuedPaise: 0, verdicts: {} as Record<string, number> }
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | null = null

  async function read(): Promise<void> {
    try {
      const standing = await withinPatience(readHealth(sql))
      const stretch = await withinPatience(readStretch(sql, seen, stretchRows))
      seen.audit = stretch.auditUpTo
      seen.events = stretch.eventsUpTo
      seen.rescued += stretch.rescued
      seen.rescuedPaise += stretch.rescuedPaise
      for (const [verdict, count] of Object.entries(stretch.verdicts))
        seen.verdicts[verdict] = (seen.verdicts[verdict] ?? 0) + count
      show.standing(standing)
      show.verdicts(seen.verdicts)
      show.rescued(seen)
      show.up(true)
    } catch {
      // What was true a minute ago is not shown as if it were true now.
      show.nothing()
      show.up(false)
    }
    readAt = performance.now()
  }

  return {
    /** Never throws: without a database the figures are absent and `etf_database_up` is 0. */
    async refresh() {
      if (performance.now() - readAt < freshMs) return
      reading ??= read().finally(() => {
        reading = null
      })
      await reading
    },
  }
}

function gauges(registry: Registry) {
  const registers = [registry]
  const number = (name: string, help: string) => new Gauge({ name, help, registers })
  const byLabel = (name: string, help: string, label: string) =>
    new Gauge({ name, help, labelNames: [label], registers })
  const total = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers })

  const up = number('etf_database_up', '1: the database answered the last time the figures were read')
  const single = {
    webhookLagS: number('etf_webhook_lag_seconds', 'Age of the oldest accepted delivery that waits to be settled'),
    webhooksWaiting: number('etf_webhooks_waiting', 'Accepted deliveries that wait to be settled'),
    oldestOpenOrderS: number('etf_oldest_open_order_seconds', 'Age of the oldest order that is open and unpaid'),
    oldestHeldOrderS: number(
      'etf_oldest_held_order_seconds',
      'How long an order has been held for a person to look at',
    ),
    mailsQueued: number('etf_mails_queued', 'Mails in the outbox'),
    oldestMailS: number('etf_oldest_mail_seconds', 'Age of the oldest mail in the outbox'),
    mailsDead: number('etf_mails_dead', 'Mails that were given up'),
    disputesDue: number('etf_disputes_due', 'Disputes whose answer is due within two days, or was'),
  }
  const byWord = {
    orders: byLabel('etf_orders', 'Orders by status', 'status'),
    incidents: byLabel('etf_incidents_open', 'Incidents nobody resolved yet, by kind', 'kind'),
    refunds: byLabel('etf_refunds_under_way', 'Refunds that are not finished, by status', 'status'),
    subscriptions: byLabel('etf_subscriptions', 'Subscriptions by status', 'status'),
    disputes: byLabel('etf_disputes', 'Disputes since ever, by status', 'status'),
    disputedRupees: byLabel('etf_disputed_rupees', 'What they are about, by status', 'status'),
  }
  const refusals = total('etf_webhook_refusals_total', 'Deliveries refused since ever, by reason', 'reason')
  const deliveries = total('etf_webhook_deliveries_total', 'Deliveries kept since ever, by verdict', 'verdict')
  const rescued = total(
    'etf_rescued_orders_total',
    'Paid orders that only the reconciler heard of, not page or webhook',
  )
  const rescuedRupees = total('etf_rescued_rupees_total', 'What those orders brought')

  return {
    up: (is: boolean) => up.set(is ? 1 : 0),
    standing(standing: HealthSnapshot) {
      for (const [name, gauge] of Object.entries(single)) gauge.set(Number(standing[name as keyof typeof single] ?? 0))
      fill(refusals, standing.refusals, 'reason')
      fill(byWord.orders, standing.orders, 'status')
      fill(byWord.incidents, standing.incidents, 'kind')
      fill(byWord.refunds, standing.refunds, 'status')
      fill(byWord.subscriptions, standing.subscriptions, 'status')
      fill(byWord.disputes, standing.disputes, 'status')
      const rupees = Object.entries(standing.disputedPaise).map(([status, paise]) => [status, paise / 100] as const)
      fill(byWord.disputedRupees, Object.fromEntries(rupees), 'status')
    },
    verdicts: (counts: Record<string, number>) => fill(deliveries, counts, 'verdict'),
    rescued(seen: { rescued: number; rescuedPaise: number }) {
      fill(rescued, { '': seen.rescued })
      fill(rescuedRupees, { '': seen.rescuedPaise / 100 })
    },
    nothing() {
      for (const gauge of [...Object.values(single), rescued, rescuedRupees]) gauge.remove()
      for (const metric of [...Object.values(byWord), refusals, deliveries]) metric.reset()
    },
  }
}

/** Puts these figures in the place of those that were there. Without a label there is one figure, under no word. */
function fill(metric: Gauge | Counter, counts: Record<string, number>, label?: string): void {
  metric.reset()
  for (const [word, count] of Object.entries(label ? bounded(counts) : counts))
    metric.inc(label ? { [label]: word } : {}, count)
}

function withinPatience<T>(reading: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the figures took too long')), patienceMs)
    reading.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
