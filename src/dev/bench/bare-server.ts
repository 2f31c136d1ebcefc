import { once } from 'node:events'
import { createServer } from 'node:http'
import postgres from 'postgres'
import { listPlansOnSale } from '../../billing/plans/queries.ts'
import { findSubscriptionRow } from '../../billing/subscriptions/queries.ts'
import { findUnconfirmedEmail } from '../../identity/email-tokens/request-queries.ts'
import { findSession } from '../../identity/sessions/queries.ts'
import { findVersion } from '../../market/version/queries.ts'
import type { Sql } from '../../platform/db.ts'
import { listening, ready } from './child.ts'

/** A page as the app sent it, to be sent again byte for byte. */
export type Copy = { headers: [string, string][]; body: Buffer }

/** What the bare server is to do: two pages, and whose dashboard the statements are about. */
export type Orders = {
  databaseUrl: string
  pool: number
  landing: Copy
  dashboard: Copy
  session: Buffer
  user: string
}

// The least that Node can do for the same two answers: no router, no templates, no cookies, no checks. For the dashboard
// it waits for the statements the page needs, through the same driver and as many connections.
const heard = once(process, 'message')
ready('ready')
const [given] = (await heard) as [Orders]
const { databaseUrl, pool, landing, dashboard, session, user } = given
const sql = postgres(databaseUrl, { max: pool, fetch_types: false, onnotice: () => {} }) as unknown as Sql

const bare = createServer(async (request, response) => {
  const page = request.url === '/dashboard' ? dashboard : landing
  if (page === dashboard) {
    await findSession(sql, session)
    await Promise.all([findSubscriptionRow(sql, user), listPlansOnSale(sql), findUnconfirmedEmail(sql, user)])
    await findVersion(sql)
  }
  response.writeHead(200, page.headers.flat())
  response.end(page.body)
})
process.send!(await listening(bare))
