import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readIntoImport, undo } from '../../../src/market/prices/imports/imports.ts'
import { type Archive, bhavcopy, commitPrices, newestSessions, startArchive } from '../../market/feed/fixture.ts'
import { admin, app, reader, usePanel } from '../panel.ts'

const env = { PRICE_SOURCE: 'archive', PRICE_ARCHIVE_URL: '' }
let archive: Archive
beforeAll(async () => {
  archive = await startArchive()
  env.PRICE_ARCHIVE_URL = archive.prices.archiveUrls![0]!
})
usePanel(['admin', 'reader'], env)
const folder = mkdtempSync(join(tmpdir(), 'etf-feed-'))
afterAll(async () => {
  await archive.close()
  rmSync(folder, { recursive: true })
})

const page = async () => (await admin.visitor.get('/admin/market/feed')).body.replace(/\s+/g, ' ')
/** The row of a day's table, as text. */
const rowOf = async (day: string) => {
  const text = new Date(`${day}T12:00:00Z`).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  })
  const rows = (await page())
    .split('<tr>')
    .slice(1)
    .filter((row) => row.includes(text))
  return rows[0]!.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')
}
const notice = async (day = '') => {
  const answer = await admin.visitor.post('/admin/market/feed/look', { day })
  expect(answer.status).toBe(303)
  return page()
}
/** Two minutes go by. */
const later = () =>
  app.sql`update feed_days set asked_at = asked_at - interval '2 minutes', next_at = next_at - interval '2 minutes'`

describe('the feed in the panel', () => {
  test('says of each session what became of its prices, and looks when it is told to', async () => {
    const [first, before, day] = (await newestSessions(app.sql, 3)) as [string, string, string]
    expect(await rowOf(day)).toMatch(/Missing|Late/)
    expect(await page()).toContain('Not yet')
    await commitPrices(app.sql, [first, before])
    archive.files.set(day, bhavcopy(before))
    await app.run('fetch-prices')
    expect(await rowOf(day)).toMatch(/Wrong file .*The file is of .*, not of the day that was asked for\./)
    expect(await notice()).toContain('less than a minute ago')
    archive.files.set(day, bhavcopy(day, { INFRABEES: null }))
    await later()
    expect(await notice()).toContain('Checking now')
    await app.run('fetch-prices')
    const row = await rowOf(day)
    expect(row).toMatch(/Live Without a price: INFRABEES\. .*No\. \d+/)
    await undo(app.sql, Number(/No\. (\d+)/.exec(row)![1]), { actor: 'test', origin: null })
    expect(await rowOf(day)).toMatch(/Undone .*Fetch again/)
    await later()
    await app.run('fetch-prices')
    expect(await rowOf(day)).toMatch(/Undone/)
    await notice(day)
    await app.run('fetch-prices')
    expect(await rowOf(day)).toMatch(/Live/)
    expect(await app.sql`select details from audit where action = 'feed.asked' order by id`).toMatchObject([
      { details: {} },
      { details: { day } },
    ])
  })

  test('names what the source answers when it fails as a whole', async () => {
    const [before, day] = (await newestSessions(app.sql, 2)) as [string, string]
    await app.sql`truncate imports, feed_days cascade`
    await commitPrices(app.sql, [before])
    archive.files.set(day, (_, response) => response.writeHead(403).end())
    await app.run('fetch-prices')
    const shown = await page()
    expect(shown).toContain('Source failing')
    expect(shown).toContain('refuses us (403): it may block this server’s address.')
    expect(await rowOf(day)).toContain('refuses us (403)')
  })

  test('is read by an administrator who only looks, and moved by none of them', async () => {
    expect((await reader.visitor.get('/admin/market/feed')).body).not.toContain('Check now')
    expect((await reader.visitor.post('/admin/market/feed/look')).status).toBe(403)
  })

  test('a held file of the exchange look-alike can be decided like a real one', async () => {
    const [before, day] = (await newestSessions(app.sql, 2)) as [string, string]
    await app.sql`truncate imports, feed_days cascade`
    await commitPrices(app.sql, [before], 'sample')
    const path = join(folder, 'day.csv.zip')
    writeFileSync(path, bhavcopy(day, { ITBEES: 10 }))
    const id = await readIntoImport(app.sql, [{ path, name: 'day.csv.zip' }], { origin: 'sample', actor: 'feed' })
    const { body } = await admin.visitor.get(`/admin/market/imports/${id}`)
    expect(body).toContain(`action="/admin/market/imports/${id}/decisions"`)
    expect(body).toContain('day.csv.zip')
    const ratio = { symbol: 'ITBEES', day, what: 'split', ratio: '10' }
    expect((await admin.visitor.post(`/admin/market/imports/${id}/decisions`, ratio)).status).toBe(303)
    const decided = (await admin.visitor.get(`/admin/market/imports/${id}`)).body
    expect(decided).not.toContain('The sample prices are replaced')
    const version = /name="version" value="(\d+)"/.exec(decided)![1]!
    expect((await admin.visitor.post(`/admin/market/imports/${id}/commit`, { version })).status).toBe(303)
    expect(await app.sql`select status from imports order by id`).toMatchObject([
      { status: 'committed' },
      { status: 'committed' },
    ])
  })

  test('an incident about held prices leads to the import', async () => {
    await app.sql`select open_incident('prices-held', '7', '{"import": 7, "reason": "A jump."}')`
    const [row] = await app.sql<{ id: number }[]>`select id::int as id from incidents where kind = 'prices-held'`
    const { body } = await admin.visitor.get(`/admin/incidents/${row!.id}`)
    expect(body).toContain('href="/admin/market/imports/7"')
    expect(body).toContain('href="/admin/market/feed"')
  })
})
