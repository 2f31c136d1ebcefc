import { afterAll, beforeAll, expect, test } from 'vitest'
import { currentMarket } from '../../src/market/engine/market.ts'
import { digestsTo, listener, openEvenings } from '../market/alerts/evenings.ts'
import { seeded } from '../market/fixture.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { deliverAll, type Listener, tellAll, type Wish } from './alerts-model.ts'

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
const steps = 60
const evenings = 16

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

test('whatever happens, each person is told what a plain model says: nothing twice, nothing lost', async () => {
  console.log(`alerts: SEED=${seed}`)
  const random = seeded(seed)
  const upTo = (count: number) => Math.floor(random() * count)
  const oneOf = <T>(values: readonly T[]) => values[upTo(values.length)]!
  const market = await openEvenings(app, seed, evenings)
  const symbols = (await currentMarket(app.sql)).sectors.map(({ symbol }) => symbol)
  const someSymbols = () => symbols.filter(() => random() < 0.4)

  const wishOf = (isOn: boolean): Wish => ({
    isOn,
    step: oneOf(['week', 'day', 'day'] as const),
    scope: oneOf(['all', 'starred', 'chosen'] as const),
    quadrant: random() < 0.7,
    top: random() < 0.6 ? 1 + upTo(12) : null,
    mansfield: true,
    high: random() < 0.6,
  })
  const formOf = ({ isOn, step, scope, quadrant, top, mansfield, high }: Wish, chosen: string[]) => {
    const tick = (on: boolean) => (on ? 'yes' : '')
    const form = { on: tick(isOn), step, scope, quadrant: tick(quadrant), mansfield: tick(mansfield), high: tick(high) }
    return {
      ...form,
      rank: tick(top !== null),
      top: String(top ?? 5),
      ...(scope === 'chosen' ? { sector: chosen[0]! } : {}),
    }
  }
  const people: (Listener & Awaited<ReturnType<typeof listener>>)[] = []
  for (let i = 0; i < 6; i++) {
    const [wish, chosen] = [wishOf(true), [oneOf(symbols)]]
    const person = await listener(app, formOf(wish, chosen))
    const stars = new Set(someSymbols())
    for (const symbol of stars) await app.sql`insert into stars (user_id, symbol) values (${person.userId}, ${symbol})`
    people.push({ ...person, wish, stars, chosen, isReader: true, isQuiet: false, known: null, digests: new Map() })
  }

  /** Evenings that were imported, each with its import, null while it is taken back; the last one is the newest session. */
  const imports: (number | null)[] = []
  const happened: string[] = []
  const acts: Record<string, () => Promise<void>> = {
    async evening() {
      if (imports.length === evenings || imports.includes(null)) return
      imports.push(await market.import(imports.length))
    },
    async undo() {
      const id = imports.at(-1)
      if (id == null || imports.length < 2) return
      await market.undo(id)
      imports[imports.length - 1] = null
    },
    async importAgain() {
      if (imports.at(-1) !== null) return
      imports[imports.length - 1] = await market.import(imports.length - 1, random() < 0.5)
    },
    async run() {
      await Promise.all(Array.from({ length: 1 + upTo(3) }, () => app.run('queue-alerts')))
      const now = await currentMarket(app.sql)
      // A session that is open and has no prices makes the one before it out of date.
      if (imports.length > 0 && imports.at(-1) !== null) tellAll(people, now, now.asOf!)
    },
    async deliver() {
      await app.run('deliver-mails')
      deliverAll(people, await currentMarket(app.sql))
    },
    async choose() {
      const one = oneOf(people)
      const [wish, chosen] = [wishOf(random() < 0.8), [oneOf(symbols)]]
      const { status, body } = await one.visitor.post('/account/alerts', formOf(wish, chosen))
      expect([status, body]).toEqual([303, ''])
      if (!one.wish.isOn || !wish.isOn || one.wish.step !== wish.step) one.known = null
      Object.assign(one, { wish, isQuiet: false, chosen: wish.scope === 'chosen' ? chosen : [] })
    },
    async star() {
      const [one, symbol] = [oneOf(people), oneOf(symbols)]
      const isWanted = random() < 0.5
      // A suspended person cannot; their stars stay.
      if (!one.isReader) return
      await one.visitor.post('/dashboard/watch-list', { [isWanted ? 'star' : 'unstar']: symbol })
      if (isWanted) one.stars.add(symbol)
      else one.stars.delete(symbol)
    },
    async confirm() {
      const one = oneOf(people)
      one.isReader = !one.isReader
      await app.sql`update users set email_verified_at = ${one.isReader ? new Date() : null} where id = ${one.userId}`
    },
    async quiet() {
      const one = oneOf(people)
      one.isQuiet = !one.isQuiet
      await app.sql`
        update alert_choices
        set quiet_from = case when ${one.isQuiet} then (clock + 1320) % 1440 end, quiet_until = case when ${one.isQuiet} then (clock + 240) % 1440 end
        from (select (extract(hour from local) * 60 + extract(minute from local))::int as clock
              from (select now() at time zone 'Asia/Kolkata' as local) l) c
        where user_id = ${one.userId}`
    },
  }
  const names = ['evening', 'evening', 'evening', 'run', 'run', 'run', 'deliver', 'deliver', ...Object.keys(acts)]
  for (let i = 0; i < steps; i++) {
    const name = oneOf(names)
    happened.push(name)
    await acts[name]!()
    for (const [place, one] of people.entries())
      expect([happened.join(' '), place, await toldTo(one.userId)]).toEqual([
        happened.join(' '),
        place,
        expectedOf(one),
      ])
  }
  await acts.deliver!()
  for (const one of people) {
    const sent = [...one.digests.values()].filter(({ status }) => status === 'sent')
    const mails = await digestsTo(app, one.email)
    expect(mails).toHaveLength(sent.length)
    for (const { changes } of sent)
      expect(mails.some(({ text }) => changes.every((change) => text!.includes(`(${change.split(' ')[0]})`)))).toBe(
        true,
      )
  }
  expect(people.reduce((count, { digests }) => count + digests.size, 0)).toBeGreaterThan(0)
}, 600_000)

async function toldTo(userId: string) {
  const rows = await app.sql<{ issue: string; status: string; changes: Record<string, string | number>[] }[]>`
    select d.issue::text as issue, m.status, d.changes
    from alert_digests d
    left join mails m on m.kind = 'sector-alert' and m.subject_key = concat_ws(':', d.user_id, d.issue)
    where d.user_id = ${userId} order by d.issue`
  return rows.map(({ issue, status, changes }) => ({
    issue,
    status,
    changes: changes
      .map(({ symbol, kind, from, to }) => (kind === 'high' ? `${symbol} high` : `${symbol} ${kind} ${from} ${to}`))
      .sort(),
  }))
}

function expectedOf({ digests }: Listener) {
  return [...digests]
    .map(([issue, { status, changes }]) => ({ issue, status, changes }))
    .sort((a, b) => (a.issue < b.issue ? -1 : 1))
}
