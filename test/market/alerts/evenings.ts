import { type Day, daysAfter } from '../../../src/market/calendar/days.ts'
import { listInstruments } from '../../../src/market/instruments/queries.ts'
import {
  commitImport,
  holdImport,
  stagePrices,
  startImport,
  undoImport,
} from '../../../src/market/prices/imports/queries.ts'
import { dayInIndia } from '../../../src/platform/dates.ts'
import { subscriber } from '../../account/people.ts'
import type { TestApp } from '../../support/app.ts'
import { seeded } from '../fixture.ts'

const by = { actor: 'test', origin: null }
const history = 560

/** Sessions of an invented market, day by day: every weekday is one, the last of them not long ago. */
export type Evenings = {
  days: Day[]
  /** Imports the prices of a session, the exchange having been closed ever since; `other`: other ones. Answers the import. */
  import: (evening: number, other?: boolean) => Promise<number>
  /** Takes an import back. */
  undo: (importId: number) => Promise<void>
}

/** Imports more than two years of random prices; as many evenings are left to be imported one by one. */
export async function openEvenings(app: TestApp, seed: number, evenings = 12): Promise<Evenings> {
  await app.sql`delete from holidays`
  await app.sql`delete from special_sessions`
  const random = seeded(seed)
  const instruments = await listInstruments(app.sql)
  const days = weekdaysUntil(daysAfter(dayInIndia(new Date()), -1), history + evenings)
  const walks = instruments.map(({ symbol }) => ({ symbol, closes: walk(random, days.length) }))
  const rowsOf = (from: number, to: number, factor = () => 1) =>
    walks.flatMap(({ symbol, closes }) =>
      days.slice(from, to).map((day, i) => ({ symbol, day, close: closes[from + i]! * factor() })),
    )
  await commit(app, rowsOf(0, history))
  return {
    days: days.slice(history),
    import: async (evening, other = false) => {
      const place = history + evening
      await app.sql`delete from holidays`
      await app.sql`
        insert into holidays (day, name)
        select ${days[place]!}::date + ahead, 'test'
        from generate_series(1, (now() at time zone 'Asia/Kolkata')::date - ${days[place]!}::date) ahead`
      return commit(app, rowsOf(place, place + 1, other ? () => 0.98 + 0.04 * random() : undefined))
    },
    undo: async (importId) => {
      await undoImport(app.sql, importId, by, null)
    },
  }
}

function weekdaysUntil(last: Day, count: number): Day[] {
  const days: Day[] = []
  for (let day = last; days.length < count; day = daysAfter(day, -1))
    if (![0, 6].includes(new Date(day).getUTCDay())) days.unshift(day)
  return days
}

/** A random walk whose drift turns from time to time, so that sectors travel round the map. */
function walk(random: () => number, count: number): number[] {
  let [price, drift] = [50 + 200 * random(), 0]
  return Array.from({ length: count }, () => {
    if (random() < 0.08) drift = 0.02 * (random() - 0.5)
    price *= 1 + drift + 0.12 * (random() - 0.5)
    return Number(price.toFixed(2))
  })
}

async function commit(app: TestApp, rows: { symbol: string; day: Day; close: number }[]): Promise<number> {
  const importId = await startImport(app.sql, { origin: 'command', actor: 'test' })
  const staged = rows.map((row, i) => ({ ...row, basis: 'traded' as const, file: 0, line: i + 1 }))
  for (let i = 0; i < staged.length; i += 2_000) await stagePrices(app.sql, importId, staged.slice(i, i + 2_000))
  await holdImport(app.sql, importId, { files: [], problems: [], problemCount: 0 })
  const outcome = await commitImport(app.sql, importId, by, null)
  if (outcome !== 'committed') throw new Error(outcome)
  return importId
}

/** Everything is told, of all sectors, on the daily map, where something changes on most evenings. */
export const everything = {
  ...{ on: 'yes', step: 'day', scope: 'all', quadrant: 'yes', rank: 'yes', top: '8', mansfield: 'yes', high: 'yes' },
}

/** A subscriber with a confirmed address who chose alerts. */
export async function listener(app: TestApp, choice: Record<string, string | string[]> = everything) {
  const person = await subscriber(app)
  await app.sql`update users set email_verified_at = now() where id = ${person.userId}`
  const { status, body } = await person.visitor.post('/account/alerts', choice as Record<string, string>)
  if (status !== 303) throw new Error(body)
  return person
}

/** What a person was told, session by session. */
export async function digestsOf(app: TestApp, userId: string) {
  return app.sql<{ issue: string; changes: { symbol: string; kind: string }[]; status: string | null }[]>`
    select d.issue::text as issue, d.changes, m.status
    from alert_digests d
    left join mails m on m.kind = 'sector-alert' and m.subject_key = concat_ws(':', d.user_id, d.issue)
    where d.user_id = ${userId} order by d.issue`
}

/** Delivers what is due and answers the digests in a person's mailbox, the newest first. */
export async function digestsTo(app: TestApp, email: string) {
  await app.run('deliver-mails')
  return (await app.mailbox.list()).filter(
    (mail) => mail.recipients.includes(email) && mail.headers['list-unsubscribe']?.includes('/alerts/'),
  )
}
