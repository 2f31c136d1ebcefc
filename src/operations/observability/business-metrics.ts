import { Counter, Gauge, type Registry } from 'prom-client'
import { marketAge } from '../../market/prices/queries.ts'
import { answers, type Sql } from '../../platform/db.ts'
import { bounded } from './labels.ts'
import { countNewRows, type HealthSnapshot, readHealth } from './queries.ts'

const freshMs = 10_000
/** Rows of audit and webhook_events counted at a time, and how long one statement may take. */
const batchRows = 20_000
const timeoutMs = 2_000

/** Registers the metrics of the business; `refresh` reads them from the database, at most every ten seconds. */
export function businessMetrics(sql: Sql, registry: Registry): { refresh(): Promise<void> } {
  const metrics = businessGauges(registry)
  const counted = { audit: 0, events: 0, rescued: 0, rescuedPaise: 0, verdicts: {} as Record<string, number> }
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | null = null

  async function read(): Promise<void> {
    try {
      const health = await withTimeout(readHealth(sql))
      const added = await withTimeout(countNewRows(sql, counted, batchRows))
      counted.audit = added.auditUpTo
      counted.events = added.eventsUpTo
      counted.rescued += added.rescued
      counted.rescuedPaise += added.rescuedPaise
      for (const [verdict, count] of Object.entries(added.verdicts))
        counted.verdicts[verdict] = (counted.verdicts[verdict] ?? 0) + count
      const age = await withTimeout(marketAge(sql))
      metrics.health(health)
      metrics.priceAge(age.asOf === null ? null : age.daysBehind)
      metrics.verdicts(counted.verdicts)
      metrics.rescued(counted)
      metrics.up(true)
    } catch {
      // Old values would look like present ones.
      metrics.clear()
      metrics.up(false)
    }
    readAt = performance.now()
  }

  return {
    /** Never throws: without a database the metrics are absent and `etf_database_up` is 0. */
    async refresh() {
      if (performance.now() - readAt < freshMs) return
      reading ??= read().finally(() => {
        reading = null
      })
      await reading
    },
  }
}

/** Of a process that runs no jobs only whether the database answers: the business is told by those that do. */
export function databaseMetric(sql: Sql, registry: Registry): { refresh(): Promise<void> } {
  const up = databaseUp(registry)
  return {
    async refresh() {
      up.set((await answers(sql)) ? 1 : 0)
    },
  }
}

function databaseUp(registry: Registry): Gauge {
  return new Gauge({
    name: 'etf_database_up',
    help: '1: the database answered the last time it was asked',
    registers: [registry],
  })
}

function businessGauges(registry: Registry) {
  const registers = [registry]
  const number = (name: string, help: string) => new Gauge({ name, help, registers })
  const byLabel = (name: string, help: string, label: string) =>
    new Gauge({ name, help, labelNames: [label], registers })
  const total = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers })

  const up = databaseUp(registry)
  const single = {
    webhookLagS: number('etf_webhook_lag_seconds', 'Age of the oldest accepted delivery that waits to be settled'),
    webhooksWaiting: number('etf_webhooks_waiting', 'Accepted deliveries that wait to be settled'),
    oldestOpenOrderS: number('etf_oldest_open_order_seconds', 'Age of the oldest order that is open and unpaid'),
    oldestHeldOrderS: number(
      'etf_oldest_held_order_seconds',
      'How long an order has been held for a person to look at',
    ),
    mailsQueued: number('etf_mails_queued', 'Mails in the outbox'),
    oldestMailS: number('etf_oldest_mail_seconds', 'Age of the oldest mail to one person in the outbox'),
    mailsPausedS: number('etf_mails_paused_seconds', 'How long all mails have waited because the server refuses us'),
    mailsDead: number('etf_mails_dead', 'Mails that were given up'),
    disputesDue: number('etf_disputes_due', 'Disputes whose answer is due within two days, or was'),
    priceErrors: number('etf_price_source_errors', 'Errors of the source of prices in a row'),
  }
  // Absent while there is nothing to measure: 0 would say that all is well.
  const present = {
    priceAge: number('etf_price_age_sessions', 'Sessions since the newest prices, today’s not counted'),
    priceLookS: number('etf_price_look_seconds', 'Time since somebody last looked for prices'),
  }
  const labelled = {
    orders: byLabel('etf_orders', 'Orders by status', 'status'),
    incidents: byLabel('etf_incidents_open', 'Incidents nobody resolved yet, by kind', 'kind'),
    refunds: byLabel('etf_refunds_under_way', 'Refunds that are not finished, by status', 'status'),
    subscriptions: byLabel('etf_subscriptions', 'Subscriptions by status', 'status'),
    disputes: byLabel('etf_disputes', 'Disputes since ever, by status', 'status'),
    priceDays: byLabel(
      'etf_price_days',
      'Sessions of the last 30 days that were asked for, by what became of them',
      'state',
    ),
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
    health(health: HealthSnapshot) {
      for (const [name, gauge] of Object.entries(single)) gauge.set(Number(health[name as keyof typeof single] ?? 0))
      fill(refusals, health.refusals, 'reason')
      fill(labelled.orders, health.orders, 'status')
      fill(labelled.incidents, health.incidents, 'kind')
      fill(labelled.refunds, health.refunds, 'status')
      fill(labelled.subscriptions, health.subscriptions, 'status')
      fill(labelled.disputes, health.disputes, 'status')
      fill(labelled.priceDays, health.priceDays, 'state')
      set(present.priceLookS, health.priceLookS)
      const rupees = Object.entries(health.disputedPaise).map(([status, paise]) => [status, paise / 100] as const)
      fill(labelled.disputedRupees, Object.fromEntries(rupees), 'status')
    },
    priceAge: (sessions: number | null) => set(present.priceAge, sessions),
    verdicts: (counts: Record<string, number>) => fill(deliveries, counts, 'verdict'),
    rescued(counted: { rescued: number; rescuedPaise: number }) {
      fill(rescued, { '': counted.rescued })
      fill(rescuedRupees, { '': counted.rescuedPaise / 100 })
    },
    clear() {
      for (const gauge of [...Object.values(single), ...Object.values(present), rescued, rescuedRupees]) gauge.remove()
      for (const metric of [...Object.values(labelled), refusals, deliveries]) metric.reset()
    },
  }
}

/** Sets a gauge, or leaves it out where there is no value. */
function set(gauge: Gauge, value: number | null): void {
  if (value === null) gauge.remove()
  else gauge.set(value)
}

/** Replaces the values of a metric; without a label there is one value. */
function fill(metric: Gauge | Counter, counts: Record<string, number>, label?: string): void {
  metric.reset()
  for (const [value, count] of Object.entries(label ? bounded(counts) : counts))
    metric.inc(label ? { [label]: value } : {}, count)
}

function withTimeout<T>(reading: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the metrics took too long')), timeoutMs)
    reading.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
