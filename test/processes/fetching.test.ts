import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Archive,
  bhavcopy,
  clearCalendar,
  startArchive,
  startFeed,
  type TestFeed,
} from '../market/feed/fixture.ts'
import { runCommand } from '../support/process.ts'

let feed: TestFeed
let archive: Archive
beforeAll(async () => {
  feed = await startFeed('2026-11-27T19:00:00+05:30')
  await clearCalendar(feed.sql)
  archive = await startArchive()
  await feed.commit(['2026-11-18', '2026-11-19', '2026-11-20'])
})
afterAll(async () => {
  await feed.close()
  await archive.close()
})

const run = (words: string[], env: Record<string, string> = {}) =>
  runCommand('import', ['--fetch', ...words], {
    DATABASE_URL: feed.databaseUrl,
    PRICE_SOURCE: 'archive',
    PRICE_ARCHIVE_URL: archive.prices.archiveUrls!.join(','),
    ...env,
  })

test('npm run import -- --fetch says what became of each day, and fails when one is held or missing', async () => {
  archive.files.set('2026-11-23', bhavcopy('2026-11-23'))
  archive.files.set('2026-11-24', bhavcopy('2026-11-24', { ITBEES: 10 }))
  const span = await run(['--from', '2026-11-19', '--to', '2026-11-24'])
  expect(span.output).toContain('2026-11-19  is already imported\n2026-11-20  is already imported\n')
  expect(span.output).toMatch(/2026-11-23 {2}committed \(import 2\)\n2026-11-24 {2}held \(import 3\): .*decision/)
  expect(span.code).toBe(1)
  archive.files.set('2026-11-25', bhavcopy('2026-11-25'))
  for (const day of ['2026-11-26', '2026-11-27']) archive.files.set(day, bhavcopy('2026-11-20'))
  await feed.sql`select drop_import(3, 'test', null)`
  const rest = await run([])
  expect(rest.output).toContain('2026-11-25  committed')
  expect(rest.output).toContain('2026-11-26  failed: The file is of Fri, 20 Nov 2026')
  expect(rest.code).toBe(1)
  for (const day of ['2026-11-24', '2026-11-26', '2026-11-27']) archive.files.set(day, bhavcopy(day))
  const again = await run(['--from', '2026-11-24', '--to', '2026-11-27'])
  expect([again.code, again.output.match(/committed/g)]).toEqual([0, ['committed', 'committed', 'committed']])
  const nothing = await run([])
  expect([nothing.code, nothing.output]).toEqual([0, expect.stringContaining('Nothing was due.')])
}, 60_000)

test('it refuses spans that are none, and says when there is no source', async () => {
  for (const [words, sentence] of [
    [['--from', '27-11-2026'], 'like --from 2026-11-16'],
    [['--from', '2026-11-27', '--to', '2026-11-20'], '2026-11-27 is after 2026-11-20'],
    [['--from', '2026-11-27', '--to', '2026-11-28'], '2026-11-28 is in the future'],
  ] as const) {
    const refused = await run([...words])
    expect([refused.code, refused.output]).toEqual([1, expect.stringContaining(sentence)])
  }
  const off = await run([], { PRICE_SOURCE: 'off' })
  expect([off.code, off.output]).toEqual([1, expect.stringContaining('set PRICE_SOURCE')])
  const folder = await run(['--from', '2026-11-20'], { PRICE_SOURCE: 'folder', PRICE_FOLDER: '/tmp' })
  expect([folder.code, folder.output]).toEqual([1, expect.stringContaining('leave out --from and --to')])
}, 60_000)
