import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { settleTogether } from '../../billing/checkout/settle-together.ts'
import { sign } from '../../billing/payments/signature.ts'
import { numberReceipts } from '../../billing/receipts/queries.ts'
import { connect, type Sql } from '../../platform/db.ts'
import { answerAbout, remoteOf } from './answers.ts'
import { type BenchHarness, pool, secret } from './harness.ts'
import type { Shot } from './load.ts'
import type { Measurement } from './measurement.ts'
import { byTurns } from './series.ts'
import { countPaid, countReceipts, settleStatement, skipMails } from './settlement-queries.ts'
import { connectBare } from './simple-update-queries.ts'

/** Settlements at once on either side; deliveries come by twice as many connections, as many as the endpoint settles at once. */
const concurrency = 8
const seller = { name: 'Bench', stateCode: '27', gstin: null }

/** Settlement through our pool, and through the webhook endpoint, against bare connections that run the same statement. */
export async function measureSettlements(harness: BenchHarness): Promise<Measurement[]> {
  const count = harness.quick ? 200 : 500
  const sql = connect(harness.databaseUrl, { max: pool, name: 'etf-bench-pool' })
  const clients = await connectBare(harness.databaseUrl, concurrency)
  const orders = async () => {
    // What was settled without the app waits for its numbers, and the app's receipts are counted below.
    while ((await numberReceipts(harness.sql, 1_000)) > 0);
    await skipMails(harness.sql)
    return harness.orders(count)
  }
  try {
    const { bare, ours, webhook } = await byTurns(harness.quick ? 3 : 5, {
      bare: async () => settledBare(clients, await orders()),
      ours: async () => settledByPool(sql, await orders()),
      webhook: async () => settledByWebhook(harness, await orders()),
    })
    const inRounds = `${count} distinct orders a round, ${concurrency} at once`
    return [
      {
        name: 'settlement through our pool, against bare pg',
        unit: '/s',
        ours,
        theirs: bare,
        result: ours.median / bare.median,
        aim: { least: 0.8 },
        notes: [inRounds],
      },
      {
        name: 'webhook endpoint to committed settlement, against bare pg',
        unit: '/s',
        ours: webhook,
        theirs: bare,
        result: webhook.median / bare.median,
        aim: { least: 0.3 },
        notes: [
          `${inRounds}; the clock runs from the first byte sent until the last receipt has its number`,
          'besides the settlement, each delivery is stored, asked about twice at the gateway, numbered, marked done and mailed; mails still leave when the clock has stopped',
        ],
      },
    ]
  } finally {
    await Promise.all(clients.map((client) => client.end()))
    await sql.end({ timeout: 5 })
  }
}

async function settledBare(clients: pg.Client[], ids: string[]): Promise<number> {
  const left = [...ids]
  return settlementsASecond(ids.length, () =>
    Promise.all(
      clients.map(async (client) => {
        for (let id = left.pop(); id !== undefined; id = left.pop()) {
          const values = [id, JSON.stringify(remoteOf(id)), 'webhook', JSON.stringify(seller)]
          const { rows } = await client.query({ name: 'settle', text: settleStatement, values })
          mustBePaid(id, rows[0].outcome)
        }
      }),
    ),
  )
}

/** Settles these orders through a pool of the product's, so many at once. Returns settlements a second. */
export async function settledByPool(sql: Sql, ids: string[], atOnce = concurrency): Promise<number> {
  const left = [...ids]
  const lane = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop())
      mustBePaid(
        id,
        (await settleTogether(sql, { orderId: id, remote: remoteOf(id), actor: 'webhook' }, seller)).outcome,
      )
  }
  return settlementsASecond(ids.length, () => Promise.all(Array.from({ length: atOnce }, lane)))
}

/** Deliveries a second until the last receipt has its number: by then each was answered, and each order is paid. */
async function settledByWebhook(harness: BenchHarness, ids: string[]): Promise<number> {
  const shots = ids.map(deliveryOf)
  const all = (await countReceipts(harness.sql)) + ids.length
  const prefix = ids[0]!.slice(0, ids[0]!.lastIndexOf('-'))
  const url = harness.app.url
  let sending: Promise<unknown> | undefined
  const rate = await settlementsASecond(ids.length, async () => {
    sending = harness.reader.fire({ url, connections: concurrency * 2, amount: ids.length, shots })
    const end = performance.now() + 30_000
    let missing = ids.length
    while (missing > 0 && performance.now() < end) {
      // Asked seldom while many are missing: the question takes processor time from what is measured.
      await pause(Math.max(10, missing / 4))
      missing = all - (await countReceipts(harness.sql))
    }
  })
  await sending
  const paid = await countPaid(harness.sql, prefix)
  if (paid !== ids.length) throw new Error(`${paid} of ${ids.length} delivered orders were paid after 30 s`)
  return rate
}

/** A signed success for this order, as Cashfree would post it. */
export function deliveryOf(orderId: string): Shot {
  const body = answerAbout(orderId, 'webhook')
  const timestamp = String(Date.now())
  return {
    method: 'POST',
    path: '/webhooks/cashfree',
    headers: {
      'content-type': 'application/json',
      'x-webhook-timestamp': timestamp,
      'x-webhook-version': '2025-01-01',
      'x-webhook-signature': sign(secret, timestamp, Buffer.from(body)),
    },
    body,
  }
}

async function settlementsASecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (count * 1000) / (performance.now() - started)
}

function mustBePaid(orderId: string, outcome: unknown): void {
  if (outcome !== 'paid') throw new Error(`settling ${orderId} came to ${outcome}`)
}
