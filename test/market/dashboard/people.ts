import { seedSample } from '../../../src/market/prices/sample-prices.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'

/** Somebody who paid, and what their order was. */
export async function subscriberAt(app: TestApp) {
  const visitor = new Visitor(app)
  const { email } = await visitor.register()
  const order = await newestOrder(app, email!)
  app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  return { visitor, order }
}

/** An app with sample prices up to Thursday 19 November 2026, and somebody who paid. */
export async function subscriberOfSample(): Promise<{ app: TestApp; visitor: Visitor }> {
  const app = await startApp()
  const { visitor } = await subscriberAt(app)
  await seedSample(app.sql, '2026-11-20')
  return { app, visitor }
}

/** Somebody who paid once, and whose subscription stands so now. */
export async function oneWhoseSubscriptionIs(app: TestApp, changes: { endsInDays?: number; status?: string }) {
  const { visitor, order } = await subscriberAt(app)
  const { endsInDays = 30, status } = changes
  await app.sql`
    update subscriptions
    set current_period_end = now() + make_interval(days => ${endsInDays}), status = coalesce(${status ?? null}, status)
    where user_id = ${order.userId}
  `
  return visitor
}

/** The cells of the table under a heading of the page, row by row, as text, without those of the benchmark's own body. */
export function rowsOf(html: string, tableClass: string): string[][] {
  const table = new RegExp(`<table class="data ${tableClass}">([\\s\\S]*?)</table>`).exec(html)?.[1] ?? ''
  const body = table.slice(table.indexOf('<tbody>')).split('<tbody class="against">')[0]!
  return [...body.matchAll(/<tr[^>]*>([\s\S]*?)<\/tr>/g)].map(([, row]) =>
    [...row!.matchAll(/<t[hd][^>]*>([\s\S]*?)<\/t[hd]>/g)].map(([, cell]) => textOf(cell!)),
  )
}

/** The words of a piece of HTML; a star is none. */
export function textOf(html: string): string {
  return html
    .replace(/<button class="star"[\s\S]*?<\/button>/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&amp;', '&')
    .replaceAll('&#39;', '’')
    .replace(/\s+/g, ' ')
    .trim()
}
