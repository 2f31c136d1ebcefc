import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { strToU8, zipSync } from 'fflate'
import type { Day } from '../../../src/market/calendar/days.ts'
import { fetchPrices, look } from '../../../src/market/feed/fetch-prices.ts'
import { commitImport, holdImport, stagePrices, startImport } from '../../../src/market/prices/imports/queries.ts'
import type { Config } from '../../../src/platform/config.ts'
import { connect, type Sql } from '../../../src/platform/db.ts'
import { createLog } from '../../../src/platform/log.ts'
import type { Services } from '../../../src/platform/services.ts'
import { replaceNow } from '../../support/clock.ts'
import { freshDatabase } from '../../support/database.ts'

const benchmark = 'NIFTYBEES'
const sectors = ['BANKBEES', 'ITBEES', 'PHARMABEES', 'AUTOBEES', 'INFRABEES']

const off: Config['prices'] = {
  source: 'off',
  archiveUrls: [],
  folder: null,
  licenceAcknowledged: true,
  invented: false,
  requiredForCheckout: false,
}

export type TestFeed = {
  databaseUrl: string
  sql: Sql
  /** Sets the database's clock: what `now()` answers to every connection. */
  setClock: (at: string) => Promise<void>
  /** The job, once. */
  run: (prices: Partial<Config['prices']>) => ReturnType<typeof fetchPrices>
  /** A look as the command takes it. */
  look: (prices: Partial<Config['prices']>, span?: { from: Day; to: Day }) => ReturnType<typeof look>
  /** Commits prices of the benchmark and the sectors on these days, as if a person had imported them. */
  commit: (days: readonly Day[], given?: { origin?: 'command' | 'sample' }) => Promise<number>
  close: () => Promise<void>
}

/** A database of its own whose clock stands still. */
export async function startFeed(at: string): Promise<TestFeed> {
  const database = await freshDatabase()
  await replaceNow(
    database.url,
    'at from pinned.clock',
    `create table pinned.clock (at timestamptz not null); insert into pinned.clock values ('${at}');`,
  )
  const sql = connect(database.url, { max: 4 })
  const log = createLog('silent')
  const given = (prices: Partial<Config['prices']>) =>
    ({ sql, log, config: { prices: { ...off, ...prices } } }) as unknown as Services
  return {
    databaseUrl: database.url,
    sql,
    setClock: async (to) => {
      await sql`update pinned.clock set at = ${to}`
    },
    run: (prices) => fetchPrices(given(prices)),
    look: (prices, span) => look(given(prices), { span: span ?? null }),
    commit: (days, { origin = 'command' } = {}) => commitPrices(sql, days, origin),
    close: async () => {
      await sql.end({ timeout: 2 })
      await database.drop()
    },
  }
}

/** From November 2026 on no holidays, and no special session ever: a test enters its own. */
export async function clearCalendar(sql: Sql): Promise<void> {
  await sql`delete from special_sessions`
  await sql`delete from holidays where day >= '2026-11-01'`
}

/** Commits prices of the benchmark and the sectors on these days. */
export async function commitPrices(sql: Sql, days: readonly Day[], origin: 'command' | 'sample' = 'command') {
  const importId = await startImport(sql, { origin, actor: 'test' })
  const rows = [benchmark, ...sectors].flatMap((symbol) =>
    days.map((day, i) => ({
      symbol,
      day,
      close: closeOf(symbol, day),
      basis: 'traded' as const,
      file: 0,
      line: i + 1,
    })),
  )
  await stagePrices(sql, importId, rows)
  await holdImport(sql, importId, { files: [], refused: [], problems: [], problemCount: 0 })
  const outcome = await commitImport(sql, importId, { actor: 'test', origin: null }, null)
  if (outcome !== 'committed') throw new Error(outcome)
  return importId
}

/** The newest sessions whose files were due by the clock of this database, the oldest first. */
export async function newestSessions(sql: Sql, count: number): Promise<Day[]> {
  const rows = await sql<{ day: Day }[]>`
    select d.day::date::text as day
    from (select newest_session(prices_due_after()) as day) newest
    cross join lateral generate_series(newest.day - ${count * 3}::int, newest.day, interval '1 day') d(day)
    where trades_on(d.day::date)
    order by d.day desc
    limit ${count}
  `
  return rows.map(({ day }) => day).reverse()
}

/** A close that never jumps from one day to the next. */
export function closeOf(symbol: string, day: Day): number {
  return 100 + symbol.length + ((Date.parse(day) / 86_400_000) % 7)
}

/** A bhavcopy of a day as NSE makes it, zipped; `closes` replaces single ones, null leaves the instrument out. */
export function bhavcopy(day: Day, closes: Record<string, number | string | null> = {}): Uint8Array {
  const header = 'TradDt,BizDt,Sgmt,Src,FinInstrmTp,ISIN,TckrSymb,SctySrs,ClsPric,'
  const rows = [benchmark, ...sectors, 'RELIANCE']
    .filter((symbol) => closes[symbol] !== null)
    .map((symbol) => `${day},${day},CM,NSE,STK,,${symbol},EQ,${closes[symbol] ?? closeOf(symbol, day)},`)
  return zipSync({ [`${nameOf(day)}.csv`]: strToU8([header, ...rows].join('\n')) })
}

function nameOf(day: Day): string {
  return `BhavCopy_NSE_CM_0_0_0_${day.replaceAll('-', '')}_F_0000`
}

export type Archive = {
  /** With this address the feed fetches from it. */
  prices: Partial<Config['prices']>
  /** The days that were asked for, in order. */
  asked: Day[]
  /** What a day is answered: its file, or anything else. 404 where there is nothing. */
  files: Map<Day, Uint8Array | RequestListener>
  close: () => Promise<void>
}

/** A server with a file for each day. */
export async function startArchive(): Promise<Archive> {
  const files: Archive['files'] = new Map()
  const asked: Day[] = []
  const server = createServer((request, response) => {
    const [, year, month, date] = /(\d{4})(\d\d)(\d\d)/.exec(request.url ?? '') ?? []
    const day = `${year}-${month}-${date}`
    asked.push(day)
    const file = files.get(day)
    if (file === undefined) response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>')
    else if (typeof file === 'function') file(request, response)
    else response.writeHead(200, { 'content-type': 'application/zip' }).end(file)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    prices: {
      source: 'archive',
      archiveUrls: [`http://127.0.0.1:${port}/cm/BhavCopy_NSE_CM_0_0_0_{YYYY}{MM}{DD}_F_0000.csv.zip`],
    },
    asked,
    files,
    close: () => new Promise((done) => server.close(() => done()).closeAllConnections()),
  }
}
