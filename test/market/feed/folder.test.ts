import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dropImport } from '../../../src/market/prices/imports/queries.ts'
import { bhavcopy, clearCalendar, closeOf, startFeed, type TestFeed } from './fixture.ts'

const known = ['16', '17', '18', '19', '20'].map((date) => `2026-11-${date}`)
let feed: TestFeed
let folder: string
beforeEach(async () => {
  feed = await startFeed('2026-11-26T19:00:00+05:30')
  await clearCalendar(feed.sql)
  folder = mkdtempSync(join(tmpdir(), 'etf-feed-'))
  await feed.commit(known)
})
afterEach(async () => {
  await feed.close()
  rmSync(folder, { recursive: true, force: true })
})

const nameOf = (day: string) => `BhavCopy_NSE_CM_0_0_0_${day.replaceAll('-', '')}_F_0000.csv.zip`
/** Puts a file there that was written an hour ago. */
async function put(name: string, content: string | Uint8Array, hoursAgo = 1) {
  writeFileSync(join(folder, name), content)
  const at = new Date(Date.now() - hoursAgo * 3600_000)
  await utimes(join(folder, name), at, at)
}
let seconds = 0
/** A look a quarter of a minute later than the last one. */
async function lookLater() {
  seconds += 15
  await feed.setClock(new Date(Date.parse('2026-11-26T19:00:00+05:30') + seconds * 1000).toISOString())
  return feed.run({ source: 'folder', folder })
}
const states = (found: readonly { about: string; state: string }[]) =>
  found.map(({ about, state }) => `${about} ${state}`)
const closeOn = async (symbol: string, day: string) =>
  (await feed.sql<{ close: number }[]>`select close from counted_prices(${symbol}) where day = ${day}`)[0]?.close
const incidents = async () =>
  (
    await feed.sql<{ kind: string; isOpen: boolean }[]>`
    select kind, resolved_at is null as is_open from incidents where kind <> 'prices-late' order by id
  `
  ).map(({ kind, isOpen }) => `${kind} ${isOpen ? 'open' : 'closed'}`)

describe('a folder of prices', () => {
  test('gives a file when it stopped changing; it counts by itself and moves to done/', async () => {
    const [name, day] = [nameOf('2026-11-23'), '2026-11-23']
    await put(name, bhavcopy(day).subarray(0, 100), 0)
    expect(await lookLater()).toEqual([])
    await put(name, bhavcopy(day), 0)
    expect(await lookLater(), 'it changed in between').toEqual([])
    expect(states(await lookLater())).toEqual([`${name} committed`])
    expect(await closeOn('BANKBEES', day)).toBe(closeOf('BANKBEES', day))
    expect(readdirSync(folder)).toEqual(['done'])
    expect(readdirSync(join(folder, 'done'))).toEqual([name])
    expect(await lookLater()).toEqual([])
  })

  test('is read the oldest trading day first, as names tell, each file by itself', async () => {
    for (const day of ['2026-11-25', '2026-11-23', '2026-11-24']) await put(nameOf(day), bhavcopy(day))
    const long = [
      'date,symbol,close',
      ...['NIFTYBEES', 'BANKBEES', 'ITBEES', 'PHARMABEES', 'AUTOBEES'].map(
        (symbol) => `2026-11-26,${symbol},${closeOf(symbol, '2026-11-26')}`,
      ),
    ]
    await put('a-file-without-a-day.csv', long.join('\n'))
    await lookLater()
    expect(states(await lookLater())).toEqual([
      ...['2026-11-23', '2026-11-24', '2026-11-25'].map((day) => `${nameOf(day)} committed`),
      'a-file-without-a-day.csv committed',
    ])
  })

  test('leaves alone what is unfinished, hidden, a folder or a link', async () => {
    const file = bhavcopy('2026-11-23')
    for (const name of ['x.csv.part', 'x.zip.tmp', 'x.zip.filepart', '.x.zip']) await put(name, file)
    mkdirSync(join(folder, 'sub.zip'))
    const target = join(folder, 'sub.zip', nameOf('2026-11-23'))
    writeFileSync(target, file)
    symlinkSync(target, join(folder, nameOf('2026-11-23')))
    const before = readdirSync(folder)
    await lookLater()
    expect(await lookLater()).toEqual([])
    expect(readdirSync(folder)).toEqual(before)
  })

  test('a file that cannot be read moves to refused/ with the reason beside it, and an incident names it', async () => {
    await put('notes.txt', 'Hello')
    await put('navs.csv', 'date,symbol,nav\n2026-11-23,BANKBEES,500\n')
    await put(nameOf('2026-11-23'), bhavcopy('2026-11-23').subarray(0, 150))
    await put('wrong.csv', 'date,symbol,close\n2026-11-23,NIFTYBEES,dear\n2026-11-23,BANKBEES,-1\n')
    await lookLater()
    expect(states(await lookLater()).sort()).toEqual([
      `${nameOf('2026-11-23')} refused`,
      'navs.csv refused',
      'notes.txt refused',
      'wrong.csv refused',
    ])
    expect(readdirSync(join(folder, 'refused'))).toHaveLength(8)
    expect(readFileSync(join(folder, 'refused', 'navs.csv.reason.txt'), 'utf8')).toContain(
      'It holds NAVs and no prices.',
    )
    const reason = readFileSync(join(folder, 'refused', 'wrong.csv.reason.txt'), 'utf8')
    expect(reason).toMatch(/^wrong\.csv, line 2: .*dear.*\nwrong\.csv, line 3: .*-1.*\n$/)
    expect(readFileSync(join(folder, 'refused', `${nameOf('2026-11-23')}.reason.txt`), 'utf8')).toContain('damaged')
    expect(await incidents()).toEqual(Array(4).fill('prices-refused open'))
    expect(await closeOn('BANKBEES', '2026-11-23')).toBeUndefined()
  })

  test('a zip over a line that stalls is waited for, not refused', async () => {
    await put(nameOf('2026-11-23'), bhavcopy('2026-11-23').subarray(0, 150), 0)
    await lookLater()
    expect(await lookLater()).toEqual([])
    await put(nameOf('2026-11-23'), bhavcopy('2026-11-23'), 0)
    await lookLater()
    expect(states(await lookLater())).toEqual([`${nameOf('2026-11-23')} committed`])
  })

  test('the same file again, or left there by a crash after it counted, is only moved, under another name', async () => {
    const name = nameOf('2026-11-23')
    await put(name, bhavcopy('2026-11-23'))
    await lookLater()
    await lookLater()
    await put(name, readFileSync(join(folder, 'done', name)))
    await lookLater()
    expect(states(await lookLater())).toEqual([`${name} known`])
    expect(readdirSync(join(folder, 'done')).sort()).toEqual([name.replace('.zip', ' (2).zip'), name].sort())
    expect(await feed.sql`select from imports where created_by = 'feed'`).toHaveLength(1)
  })

  test('a correction of a day that is here counts from then on', async () => {
    await put(nameOf('2026-11-20'), bhavcopy('2026-11-20', { BANKBEES: 109.5 }))
    await lookLater()
    expect(states(await lookLater())).toEqual([`${nameOf('2026-11-20')} committed`])
    expect(await closeOn('BANKBEES', '2026-11-20')).toBe(109.5)
  })

  test('a file that needs a decision is held, moves to done/, and is read again only when it is put there again', async () => {
    const name = nameOf('2026-11-23')
    await put(name, bhavcopy('2026-11-23', { ITBEES: 10 }))
    await lookLater()
    const [found] = await lookLater()
    expect(found).toMatchObject({ state: 'held' })
    expect(readdirSync(join(folder, 'done'))).toEqual([name])
    expect(await closeOn('BANKBEES', '2026-11-23')).toBeUndefined()
    await dropImport(feed.sql, found!.importId!, { actor: 'test', origin: null })
    expect(await lookLater()).toEqual([])
    expect(await incidents()).toEqual(['prices-held closed'])
    await put(name, bhavcopy('2026-11-23', { ITBEES: 10 }))
    await lookLater()
    expect(states(await lookLater())).toEqual([`${name} held`])
  })

  test('that is gone is an incident, which closes when it is back', async () => {
    rmSync(folder, { recursive: true })
    expect(await lookLater()).toMatchObject([{ state: 'failed', sentence: 'PRICE_FOLDER cannot be read (ENOENT).' }])
    await lookLater()
    expect(await incidents()).toEqual(['prices-folder open'])
    mkdirSync(folder)
    await lookLater()
    expect(await incidents()).toEqual(['prices-folder closed'])
  })

  test('of which one file cannot be opened names it, and reads the others', async () => {
    const name = nameOf('2026-11-23')
    await put(name, bhavcopy('2026-11-23'))
    await put(nameOf('2026-11-24'), bhavcopy('2026-11-24'))
    const mine = process.geteuid!()
    // The superuser may open everything.
    if (mine === 0) chownSync(folder, 65534, 65534)
    chmodSync(join(folder, name), mine === 0 ? 0o600 : 0o000)
    const asNobody = async () => {
      if (mine === 0) process.seteuid!(65534)
      return lookLater().finally(() => mine === 0 && process.seteuid!(0))
    }
    await asNobody()
    expect(await asNobody()).toMatchObject([
      { about: nameOf('2026-11-24'), state: 'committed' },
      { state: 'failed', sentence: `${name} in PRICE_FOLDER cannot be opened (EACCES).` },
    ])
    expect(await incidents()).toEqual(['prices-folder open'])
    chmodSync(join(folder, name), 0o644)
    expect(states(await asNobody())).toEqual([`${name} committed`])
    expect(await incidents()).toEqual(['prices-folder closed'])
    expect(readdirSync(folder)).toEqual(['done'])
  })

  test('in which a file is replaced while it is read reads both, the newer one last', async () => {
    const name = nameOf('2026-11-23')
    await put(name, bhavcopy('2026-11-23'))
    await lookLater()
    // It waits at the end of reading, and is replaced there.
    await feed.sql.unsafe(`
      create function wait_here() returns trigger language plpgsql as $$
      begin perform pg_advisory_xact_lock_shared(7); return new; end $$;
      create trigger wait_here before update on imports for each row when (new.status = 'held') execute function wait_here()`)
    const gate = await feed.sql.reserve()
    await gate`select pg_advisory_lock(7)`
    const looking = lookLater()
    const waiting = () => gate`
      select from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()
    `
    while ((await waiting()).count === 0) await pause(20)
    await put(name, bhavcopy('2026-11-23', { BANKBEES: 109.25 }))
    await gate`select pg_advisory_unlock(7)`
    gate.release()
    const found = await looking
    expect(states(found)).toEqual([`${name} committed`])
    expect(readdirSync(folder), 'what it is now was not read').toContain(name)
    await lookLater()
    expect(states(await lookLater())).toEqual([`${name} committed`])
    expect(await closeOn('BANKBEES', '2026-11-23')).toBe(109.25)
    expect(readdirSync(folder)).toEqual(['done'])
  })

  test('in which nothing can be moved imports nothing twice', async () => {
    const name = nameOf('2026-11-23')
    await put(name, bhavcopy('2026-11-23'))
    writeFileSync(join(folder, 'done'), 'a file where the subfolder should be')
    await lookLater()
    for (let again = 0; again < 3; again++)
      expect(await lookLater()).toMatchObject([{ about: 'PRICE_FOLDER', state: 'failed' }])
    expect(await feed.sql`select from imports where created_by = 'feed' and status = 'committed'`).toHaveLength(1)
    expect(await incidents()).toEqual(['prices-folder open'])
  })
})
