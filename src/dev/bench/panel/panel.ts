import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { hashPassword } from '../../../identity/passwords/passwords.ts'
import { connect, type Sql } from '../../../platform/db.ts'
import { freePort } from '../../free-port.ts'
import { end, start } from '../child.ts'
import type { Measurement } from '../measurement.ts'
import { seriesOf } from '../series.ts'
import type { PanelAssignment } from './app.ts'
import { type PanelPage, panelPages } from './pages.ts'
import {
  listHeaviest,
  listRefundIds,
  listSamples,
  passSecondStep,
  scansOfLargeTables,
  setAdminsPassword,
} from './queries.ts'

const mostMs = 300
const password = 'a long enough password'

/**
 * How long the panel's pages take over HTTP on this database, one after the other, and whether any of them scans a large
 * table. Each round opens every page and searches for other people; the first round warms up and is not counted.
 */
export async function measurePanel(url: string, rounds: number): Promise<Measurement[]> {
  const sql = connect(url, { max: 2, name: 'etf-bench' })
  try {
    const samples = await listSamples(sql, 60)
    const heaviest = await listHeaviest(sql, 10)
    const heavy = heaviest.map(({ userId }) => userId)
    const pages = panelPages({ samples, heavy, refunds: await listRefundIds(sql, 20) })
    const before = await scansOfLargeTables(sql)
    const times = await timesOf(pages, await openPanel(url, sql), rounds)
    // A connection reports its statistics when it is idle or ends.
    await pause(1_000)
    const after = await scansOfLargeTables(sql)
    const measurements = pages.map(({ name }) => measurementOf(name, times.get(name)!))
    const scans = scansMeasurement(before, after, measurements.length * (rounds + 1))
    scans.notes.push(`the heaviest of the subscribers has ${heaviest[0]?.orders} orders`)
    return [...measurements, scans]
  } finally {
    await sql.end({ timeout: 5 })
  }
}

type Open = { url: string; cookie: string; close(): Promise<void> }

async function openPanel(databaseUrl: string, sql: Sql): Promise<Open> {
  const { child } = await start<string>('panel/app.ts')
  const answer = Promise.race([
    once(child, 'message').then(([message]) => message as string),
    once(child, 'exit').then(() => Promise.reject(new Error('the app ended instead of starting'))),
  ])
  child.send({ databaseUrl, port: await freePort() } satisfies PanelAssignment)
  const url = await answer
  return { url, cookie: await adminsCookie(url, sql), close: () => end(child) }
}

/** Logs the admin in; the second factor is marked as passed in the database. */
export async function adminsCookie(url: string, sql: Sql): Promise<string> {
  await setAdminsPassword(sql, await hashPassword(password))
  const answer = await fetch(`${url}/login`, {
    method: 'POST',
    body: new URLSearchParams({ login: 'admin', password }),
    redirect: 'manual',
  })
  await passSecondStep(sql)
  return answer.headers
    .getSetCookie()
    .find((line) => /^(__Host-)?sid=/.test(line))!
    .split(';')[0]!
}

type Taken = { ms: number; isEmpty: boolean }

async function timesOf(pages: PanelPage[], panel: Open, rounds: number): Promise<Map<string, Taken[]>> {
  const times = new Map<string, Taken[]>(pages.map(({ name }) => [name, []]))
  try {
    for (let round = 0; round <= rounds; round++)
      for (const { name, path, older } of pages) {
        const first = path(round)
        const taken = await timed(panel, older ? olderIn((await timed(panel, first)).html, first) : first)
        if (round > 0) times.get(name)!.push({ ms: taken.ms, isEmpty: isEmptyList(taken.html) })
      }
  } finally {
    await panel.close()
  }
  return times
}

/** Opens a page, following redirects. Milliseconds until its last byte arrived. */
async function timed(
  { url, cookie }: Pick<Open, 'url' | 'cookie'>,
  path: string,
): Promise<{ ms: number; html: string }> {
  const started = performance.now()
  const answer = await fetch(url + path, { headers: { cookie, accept: 'text/html' } })
  const html = await answer.text()
  if (answer.status !== 200 || !answer.url.includes('/admin')) throw new Error(`${path} was answered ${answer.status}`)
  return { ms: performance.now() - started, html }
}

/** The address of "Older"; the same page where there is none. */
function olderIn(html: string, path: string): string {
  const [, link] = /<a href="([^"]+)" rel="next">/.exec(html) ?? []
  return link?.replaceAll('&amp;', '&') ?? path
}

function isEmptyList(html: string): boolean {
  return html.includes('class="empty"') && !html.includes('<th scope="row"')
}

/** A list that was empty in every round is noted: it is fast whatever the size. */
function measurementOf(name: string, taken: Taken[]): Measurement {
  const values = taken.map(({ ms }) => ms)
  const sorted = values.toSorted((a, b) => a - b)
  const result = sorted[Math.ceil(0.95 * sorted.length) - 1]!
  return {
    name,
    unit: 'ms',
    ours: seriesOf(values),
    theirs: null,
    result,
    aim: { most: mostMs, unit: ' ms' },
    notes: taken.every(({ isEmpty }) => isEmpty) ? ['there was nothing to show'] : [],
  }
}

function scansMeasurement(before: Record<string, number>, after: Record<string, number>, pages: number): Measurement {
  const read = Object.entries(after)
    .map(([table, reads]) => ({ table, reads: reads - (before[table] ?? 0) }))
    .filter(({ reads }) => reads > 0)
  const count = read.reduce((sum, { reads }) => sum + reads, 0)
  return {
    name: 'large tables read whole meanwhile',
    unit: 'reads',
    ours: seriesOf([count]),
    theirs: null,
    result: count,
    aim: { most: 0 },
    notes: [
      `in ${pages} pages, by the server's own count, tables of ten thousand rows and more: ${
        read.map(({ table, reads }) => `${table} ${reads} times`).join(', ') || 'none'
      }`,
    ],
  }
}
