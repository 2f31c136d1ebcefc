import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type Archive,
  bhavcopy,
  clearCalendar,
  closeOf,
  startArchive,
  startFeed,
  type TestFeed,
} from '../market/feed/fixture.ts'
import { run } from '../support/process.ts'

const command = join(import.meta.dirname, '..', '..', 'src', 'commands', 'import.ts')
const known = ['2026-11-18', '2026-11-19', '2026-11-20']
let feed: TestFeed
let archive: Archive
beforeEach(async () => {
  feed = await startFeed('2026-11-23T19:00:00+05:30')
  await clearCalendar(feed.sql)
  archive = await startArchive()
  await feed.commit(known)
})
afterEach(async () => {
  await feed.close()
  await archive.close()
})

const env = () => ({
  DATABASE_URL: feed.databaseUrl,
  PRICE_SOURCE: 'archive',
  PRICE_ARCHIVE_URL: archive.prices.archiveUrls!.join(','),
})
const until = async (is: () => Promise<boolean> | boolean) => {
  while (!(await is())) await new Promise((done) => setTimeout(done, 20))
}

/** Where the process is killed, as a statement that lets it wait there; '' waits in the download. */
const steps: [string, string][] = [
  ['while it downloads', ''],
  ['while it stages prices', 'before insert on prices for each row'],
  ['before its import is held', "before update on imports for each row when (new.status = 'held')"],
  ['while its import is committed', "before update on imports for each row when (new.status = 'committed')"],
  [
    'after the commit, while it gives the feed back',
    'before update on feed_state for each row when (new.holder is null)',
  ],
]

describe('a process that is killed', () => {
  test.each(steps)(
    '%s: the day is imported once, by the next one',
    async (_, where) => {
      const gate = await feed.sql.reserve()
      if (where === '') archive.files.set('2026-11-23', (_request, response) => void response.write('PK'))
      else {
        archive.files.set('2026-11-23', bhavcopy('2026-11-23'))
        await feed.sql.unsafe(`
        create function wait_here() returns trigger language plpgsql as $$
        begin perform pg_advisory_xact_lock_shared(7); return new; end $$;
        create trigger wait_here ${where} execute function wait_here()`)
        await gate`select pg_advisory_lock(7)`
      }
      const { child } = run(env(), command, ['--fetch'])
      await until(async () =>
        where === ''
          ? archive.asked.length > 0
          : (
              await gate`select from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()`
            ).count > 0,
      )
      const ended = once(child, 'close')
      child.kill('SIGKILL')
      await ended
      if (where !== '') await gate`select pg_advisory_unlock(7)`
      gate.release()
      await feed.sql`drop function if exists wait_here cascade`
      archive.files.set('2026-11-23', bhavcopy('2026-11-23'))
      await feed.setClock('2026-11-23T19:02:01+05:30')
      await feed.run(archive.prices)
      const counted = await feed.sql`
      select from imports i where i.created_by = 'feed' and i.status = 'committed'
    `
      expect(counted).toHaveLength(1)
      expect(await feed.sql`select close from counted_prices('BANKBEES') where day = '2026-11-23'`).toEqual([
        { close: closeOf('BANKBEES', '2026-11-23') },
      ])
      expect(await feed.sql`select from imports where status = 'held'`).toHaveLength(0)
      expect(await feed.sql`select holder from feed_state`).toEqual([{ holder: null }])
      expect(await feed.run(archive.prices)).toEqual([])
    },
    60_000,
  )
})
