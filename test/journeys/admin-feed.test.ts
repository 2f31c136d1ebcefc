import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, test } from 'vitest'
import { commitPrices, newestSessions } from '../market/feed/fixture.ts'
import { looksRightInBothSchemes, openScene, type Scene } from './scene.ts'

/** The last sessions, one in each state. */
async function fill({ app }: Scene) {
  const days = await newestSessions(app.sql, 6)
  const [first, second, taken, held, failed, waiting] = days as [string, string, string, string, string, string]
  const here = await commitPrices(app.sql, [first, second])
  const gone = await commitPrices(app.sql, [taken])
  await app.sql`update imports set status = 'undone', undone_at = now() where id = ${gone}`
  const [waits] = await app.sql<{ id: number }[]>`
    insert into imports (origin, created_by, status) values ('feed', 'feed', 'held') returning id::int as id
  `
  await app.sql`
    insert into feed_days (day, state, message, tries, missing, import_id, asked_at, next_at) values
      (${second}, 'committed', null, 1, '{INFRABEES,PHARMABEES}', ${here}, now(), null),
      (${taken}, 'committed', null, 1, '{}', ${gone}, now(), null),
      (${held}, 'held', 'Needs a decision: a jump that may be a split, or a name that changed.', 1, '{}', ${waits!.id}, now(), null),
      (${failed}, 'failed', 'nsearchives.nseindia.com answers with a web page in place of the file: it may block this server.', 3, '{}', null, now(), now() + interval '80 minutes'),
      (${waiting}, 'waiting', 'The archive has no file of this day yet.', 2, '{}', null, now(), now() + interval '20 minutes')
  `
  await app.sql`
    insert into feed_files (name, bytes, modified_at, seen_at, state, message, import_id, settled_at) values
      ('BhavCopy_NSE_CM_0_0_0_20261127_F_0000.csv.zip', 201000, now(), now(), 'arriving', null, null, null),
      ('BhavCopy_NSE_CM_0_0_0_20261126_F_0000.csv.zip', 198000, now(), now(), 'committed', null, ${here}, now()),
      ('notes-of-the-accountant-about-november.txt', 900, now(), now(), 'refused', 'notes-of-the-accountant-about-november.txt: No format has these columns: HELLO.', null, now())
  `
}

describe('an administrator looks at the feed of an archive', () => {
  const scene = openScene({ PRICE_SOURCE: 'archive' })
  test.each(['phone', 'laptop'] as const)('on a %s', async (size) => {
    await scene.app.sql`truncate imports, feed_days, feed_files cascade`
    const person = await scene.arriveAsAdmin({ size })
    await person.page.goto('/admin/market/feed')
    await person.page.getByText('Not yet').waitFor()
    await looksRightInBothSchemes(person, `feed-new-${size}`)
    await fill(scene)
    await scene.app.sql`
      update feed_state set looked_at = now(), errors = 3, message = 'nsearchives.nseindia.com refuses us (403): it may block this server’s address.'
    `
    await person.page.getByRole('link', { name: 'Feed', exact: true }).click()
    await person.page.getByText('failed 3 times in a row').waitFor()
    await person.page.getByRole('button', { name: 'Fetch again' }).waitFor()
    await looksRightInBothSchemes(person, `feed-archive-${size}`)
    await scene.app.sql`update feed_state set looked_at = null, errors = 0, message = null`
  })
})

describe('an administrator looks at the feed of a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'etf-feed-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const scene = openScene({ PRICE_SOURCE: 'folder', PRICE_FOLDER: folder })
  test.each(['phone', 'laptop'] as const)('on a %s', async (size) => {
    await scene.app.sql`truncate imports, feed_days, feed_files cascade`
    const person = await scene.arriveAsAdmin({ size })
    await person.page.goto('/admin/market/feed')
    await person.page.getByText('No files yet').waitFor()
    await fill(scene)
    await person.page.reload()
    await person.page.getByText('Arriving').waitFor()
    await looksRightInBothSchemes(person, `feed-folder-${size}`)
  })
})

describe('an administrator looks at the feed of a site without a source', () => {
  const scene = openScene()
  test('on a phone', async () => {
    const person = await scene.arriveAsAdmin({ size: 'phone' })
    await person.page.goto('/admin/market/feed')
    await person.page.getByText('PRICE_SOURCE is off').waitFor()
    await looksRightInBothSchemes(person, 'feed-off')
  })
})
