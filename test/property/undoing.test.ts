import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Day, daysAfter } from '../../src/market/calendar/days.ts'
import { isWeekday } from '../../src/market/calendar/trading-calendar.ts'
import { currentMarket } from '../../src/market/engine/market.ts'
import { commit, decideJump, previewImport, readIntoImport, undo } from '../../src/market/prices/imports/imports.ts'
import { dropImport } from '../../src/market/prices/imports/queries.ts'
import { listSplits } from '../../src/market/prices/splits/queries.ts'
import { addSplit } from '../../src/market/prices/splits/splits.ts'
import { findVersion } from '../../src/market/version/queries.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import { seeded } from '../market/fixture.ts'
import { freshDatabase } from '../support/database.ts'
import { pick } from './price-truth.ts'

const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
/** Bounded whatever the machine; RUNS asks for a number and gets it. */
const [runs, limitMs] = process.env.RUNS ? [Number(process.env.RUNS), Number.POSITIVE_INFINITY] : [20, 8_000]

const symbol = 'BANKBEES'
const by = { actor: 'test', origin: null }
const folder = mkdtempSync(join(tmpdir(), 'etf-undoing-'))
const days = Array.from({ length: 40 }, (_, i) => daysAfter('2026-06-01', i)).filter(isWeekday)
/** Restated for every split, and hardly moving: what is left of a split is seen in it at once. */
const clean = new Map(days.map((day, i) => [day, 100 + i / 2]))

let sql: Sql
let drop: () => Promise<void>
beforeAll(async () => {
  const database = await freshDatabase()
  sql = connect(database.url, { max: 2 })
  drop = database.drop
})
afterAll(async () => {
  await sql.end({ timeout: 2 })
  await drop()
  rmSync(folder, { recursive: true, force: true })
})

test('imports that are undone in whatever order never leave a split half applied, and in the end nothing of themselves', {
  timeout: Number.isFinite(limitMs) ? 60_000 : 24 * 3600_000,
}, async () => {
  console.log(`SEED=${seed}`)
  const started = Date.now()
  let run = 0
  while (run < runs && Date.now() - started < limitMs) {
    const own = seed + run++
    await played(seeded(own), `SEED=${own} RUNS=1`)
  }
  console.log(`${run} histories in ${Math.round((Date.now() - started) / 1000)} s`)
})

type Split = { day: Day; ratio: number }

async function played(random: () => number, from: string): Promise<void> {
  await sql`truncate imports, splits, real_jumps cascade`
  const drawn = Array.from({ length: 1 + Math.floor(2 * random()) }, () => pick(random, days.slice(3)))
  const splits = [...new Set(drawn)].map((day) => ({ day, ratio: pick(random, [10, 5, 3, 2, 0.1]) }))
  const benchmark = days.map((day) => `${day},NIFTYBEES,290`)
  await commit(sql, await imported('nifty.csv', ['date,symbol,close', ...benchmark]), by)
  const committed: number[] = []
  for (const { name, lines } of piecesOf(random, splits)) {
    const unwanted = await imported(name, lines)
    await decideAll(unwanted, splits)
    await dropImport(sql, unwanted, by)
    const importId = await imported(name, lines)
    await decideAll(importId, splits)
    await commit(sql, importId, by)
    committed.push(importId)
    expect([from, await ratesLeft()]).toEqual([from, 1])
  }
  while (committed.length > 0) {
    const [importId] = committed.splice(Math.floor(committed.length * random()), 1)
    await undo(sql, importId!, by, (await findVersion(sql)).version)
    expect([from, await ratesLeft()]).toEqual([from, committed.length === 0 ? 0 : 1])
  }
  const left = (await listSplits(sql)).filter((split) => split.importId !== null)
  expect([from, left, (await sql`select from real_jumps`).count]).toEqual([from, [], 0])
}

/** How many different factors lie between what is shown and the clean series: one, where every price is restated alike. */
async function ratesLeft(): Promise<number> {
  const { prices } = (await currentMarket(sql)).sectors.find((one) => one.symbol === symbol)!
  return new Set([...prices].map(([day, close]) => (close / clean.get(day)!).toFixed(6))).size
}

/** Up to four stretches of days without a common one, each as traded or restated up to its last day. */
function piecesOf(random: () => number, splits: readonly Split[]) {
  const taken = new Set<Day>()
  return [1, 2, 3, 4].flatMap(() => {
    const start = Math.floor(days.length * random())
    const own = days.slice(start, start + 3 + Math.floor(8 * random())).filter((day) => !taken.has(day))
    for (const day of own) taken.add(day)
    const isRestated = random() < 0.5
    const closeOn = (day: Day) => {
      const asOf = isRestated ? own.at(-1)! : day
      return splits
        .reduce((close, split) => (split.day > asOf ? close * split.ratio : close), clean.get(day)!)
        .toFixed(9)
    }
    if (own.length === 0) return []
    return isRestated
      ? [
          {
            name: `${symbol}.NS.csv`,
            lines: ['Date,Close,Adj Close', ...own.map((day) => `${day},${closeOn(day)},1`)],
          },
        ]
      : [{ name: 'own.csv', lines: ['date,symbol,close', ...own.map((day) => `${day},${symbol},${closeOn(day)}`)] }]
  })
}

function imported(name: string, lines: readonly string[]): Promise<number> {
  const path = join(folder, 'given')
  writeFileSync(path, lines.join('\n'))
  return readIntoImport(sql, [{ path, name }], { origin: 'upload', actor: 'test' })
}

/** Says of every jump what it is: the split of its day, or one that nobody has entered yet. */
async function decideAll(importId: number, splits: readonly Split[]): Promise<void> {
  for (let round = 0; round < 9; round++) {
    const { jumps, decisions } = await previewImport(sql, importId)
    const [jump] = jumps
    if (!jump) return
    const known = [...(await listSplits(sql)), ...decisions].map(({ day }) => day)
    const unknown = splits.filter(({ day }) => !known.includes(day))
    const ofDay = unknown.find(({ day }) => day === jump.day)
    const next = unknown.find(({ day }) => day > jump.beforeDay && day <= jump.day) ?? unknown[0]
    if (ofDay) await decideJump(sql, importId, { symbol, ...ofDay }, by)
    else await addSplit(sql, { symbol, day: next!.day, ratio: String(next!.ratio) }, by)
  }
}
