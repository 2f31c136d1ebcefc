import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DoctorContext } from '../../src/operations/doctor/context.ts'
import { checkPrices } from '../../src/operations/doctor/prices.ts'
import { type Config, readConfig } from '../../src/platform/config.ts'
import {
  type Archive,
  clearCalendar,
  commitPrices,
  newestSessions,
  startArchive,
  startFeed,
  type TestFeed,
} from '../market/feed/fixture.ts'

let feed: TestFeed
let archive: Archive
const folder = mkdtempSync(join(tmpdir(), 'etf-feed-'))
beforeAll(async () => {
  feed = await startFeed('2026-11-27T22:00:00+05:30')
  await clearCalendar(feed.sql)
  archive = await startArchive()
})
afterAll(async () => {
  await feed.close()
  await archive.close()
  rmSync(folder, { recursive: true })
})

/** What is not well, of a live site with this source of prices. */
async function findings(prices: Partial<Config['prices']>, production = true) {
  const config = readConfig({})
  const given = {
    config: { ...config, production, prices: { ...config.prices, ...prices } },
    databaseUrl: feed.databaseUrl,
  }
  const found = await checkPrices(given as DoctorContext)
  for (const { level, todo } of found) if (level !== 'ok') expect(todo).toBeTruthy()
  return found
    .filter(({ about }) => about !== 'calendar')
    .flatMap(({ level, about, says }) => (level === 'ok' ? [] : [`${level} ${about}: ${says}`]))
}

describe('the doctor', () => {
  test('fails where nothing can be sold for lack of prices, and says which they are', async () => {
    const live = { source: 'off', requiredForCheckout: true } as const
    expect(await findings(live)).toEqual([
      'warning price source: off: nothing is fetched by itself',
      'failure prices: there are none: nothing is sold',
    ])
    await commitPrices(feed.sql, ['2026-11-18'])
    expect(await findings(live)).toContain('failure prices: up to Wed, 18 Nov 2026, 6 sessions behind: nothing is sold')
    await commitPrices(feed.sql, ['2026-11-25'])
    expect(await findings(live)).toContain('warning prices: up to Wed, 25 Nov 2026, 1 session behind')
    expect(await findings({ source: 'off', requiredForCheckout: false }, false)).toEqual([])
    await commitPrices(feed.sql, await newestSessions(feed.sql, 2))
    expect(await findings(live)).toEqual(['warning price source: off: nothing is fetched by itself'])
  })

  test('warns of an archive without a licence, of a source that fails, and when nobody looks', async () => {
    const source = { ...archive.prices, licenceAcknowledged: true }
    expect(await findings({ ...source, licenceAcknowledged: false })).toEqual([
      'warning price source: an archive, and PRICE_LICENCE does not say that you may show its prices',
      'warning feed: has never checked for prices',
    ])
    archive.files.set('2026-11-30', (_, response) => response.writeHead(403).end())
    await feed.setClock('2026-11-30T19:00:00+05:30')
    await feed.run(source)
    expect(await findings(source)).toContainEqual(
      expect.stringMatching(/^warning feed: .* refuses us \(403\).*1 in a row/),
    )
  })

  test('fails when the folder cannot be used', async () => {
    expect(await findings({ source: 'folder', folder: join(folder, 'nowhere') })).toContain(
      `failure price source: ${join(folder, 'nowhere')} cannot be read and written`,
    )
    expect((await findings({ source: 'folder', folder })).filter((line) => line.includes('price source'))).toEqual([])
  })

  test('warns of a calendar that looks incomplete on a live site', async () => {
    await feed.sql`delete from holidays`
    const config = readConfig({})
    const given = { config: { ...config, production: true }, databaseUrl: feed.databaseUrl } as DoctorContext
    const calendar = (await checkPrices(given)).filter(({ about }) => about === 'calendar')
    expect(calendar[0]).toMatchObject({ level: 'warning', says: expect.stringContaining('No holidays of') })
  })
})
