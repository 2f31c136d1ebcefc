import { once } from 'node:events'
import { createServer } from 'node:http'
import postgres from 'postgres'
import { listPlansOnSale } from '../../billing/plans/queries.ts'
import { findSubscriptionRow } from '../../billing/subscriptions/queries.ts'
import { findSession } from '../../identity/sessions/queries.ts'
import { findVersion } from '../../market/version/queries.ts'
import { findStars } from '../../market/watch-list/queries.ts'
import type { Sql } from '../../platform/db.ts'
import { listening, ready } from './child.ts'

/** A page as the app sent it, to be sent byte for byte. */
export type Copy = { headers: [string, string][]; body: Buffer }

/** What the bare server serves: two pages, and the user whose dashboard its statements read. */
export type Assignment = {
  databaseUrl: string
  pool: number
  landing: Copy
  dashboard: Copy
  session: Buffer
  user: string
}

// The least that Node can do for the same two answers: no router, templates, cookies or checks. For the dashboard it runs
// the statements that the page needs, through the same driver and as many connections.
const assignment = once(process, 'message')
ready('ready')
const [given] = (await assignment) as [Assignment]
const { databaseUrl, pool, landing, dashboard, session, user } = given
const sql = postgres(databaseUrl, { max: pool, fetch_types: false, onnotice: () => {} }) as unknown as Sql

const bare = createServer(async (request, response) => {
  const page = request.url === '/dashboard' ? dashboard : landing
  if (page === dashboard) {
    await findSession(sql, session)
    await Promise.all([findSubscriptionRow(sql, user), listPlansOnSale(sql), findStars(sql, user)])
    await findVersion(sql)
  }
  response.writeHead(200, page.headers.flat())
  response.end(page.body)
})
process.send!(await listening(bare))
