import { expect, test } from 'vitest'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { bhavcopy, type Chosen, etfList, long } from '../admin/market/uploading.ts'
import { looksRight, openScene } from './scene.ts'

const scene = openScene()

const chosen = (files: Chosen[]) =>
  files.map(({ name, content }) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(content) }))

/** Bhavcopies of some days, in which ITBEES splits ten for one on the last. */
const days = ['2020-11-16', '2020-11-17', '2020-11-18', '2020-11-19', '2020-11-20']
const bhavcopies = days.map((day, i) =>
  bhavcopy(day, { NIFTYBEES: 290 + i, BANKBEES: 505 + i, AUTOBEES: 21 + i / 10, ITBEES: i < 4 ? 402 + i : 40.7 }),
)

/** A file beside them that cannot be read, and is in nobody's way. */
const workbook = { name: 'bhav.csv', content: 'PK\x03\x04 [Content_Types].xml' }

test.each([
  { size: 'phone', scheme: 'light' },
  { size: 'laptop', scheme: 'dark' },
] as const)(
  'an admin imports NSE’s files on a $size, decides a split, commits and takes it back ($scheme)',
  async (options) => {
    const { size, scheme } = options
    await scene.app.sql`truncate prices, splits, real_jumps, imports restart identity cascade`
    await seedSample(scene.app.sql, '2020-11-20')
    const person = await scene.arriveAsAdmin(options)
    const { page } = person
    await page.goto('/admin/market')
    await page.getByText('These prices are invented').waitFor()
    await looksRight(person, `market-sample-${size}-${scheme}`)
    await page.getByRole('link', { name: 'Import prices' }).click()

    // First with a line that is wrong.
    await page
      .getByLabel('Files')
      .setInputFiles(chosen([long('mine.csv', ['2020-11-20', 'NOSUCH', 1], ['2026-13-20', 'ITBEES', 1])]))
    await page.getByRole('button', { name: 'Read files' }).click()
    await page.getByText('mine.csv, line 2').waitFor()
    await page.getByText('It cannot be committed as it is.').waitFor()
    await looksRight(person, `market-problems-${size}-${scheme}`)
    await page.getByRole('button', { name: 'Discard' }).dblclick()
    await page.getByText('None of it is live.').first().waitFor()
    await page.getByRole('link', { name: '« Imports' }).click()

    await page.getByLabel('Files').setInputFiles(chosen([...bhavcopies, workbook]))
    await looksRight(person, `market-imports-${size}-${scheme}`)
    await page.getByRole('button', { name: 'Read files' }).dblclick()
    await page.getByText('close to a split of').waitFor()
    await page.getByText('1 file not read').waitFor()
    await page.getByText('This is an Excel workbook.').waitFor()
    await looksRight(person, `market-jump-${size}-${scheme}`)
    await page.getByLabel('New units for one old').fill('lots')
    await page.getByRole('button', { name: 'It is a split of ITBEES' }).click()
    await page.getByText('New units for one old: 10 when one became ten').waitFor()
    expect(await page.getByLabel('New units for one old').inputValue()).toBe('lots')
    await looksRight(person, `market-ratio-refused-${size}-${scheme}`)
    await page.getByLabel('New units for one old').fill('10')
    await page.getByRole('button', { name: 'It is a split of ITBEES' }).click()
    await page.getByText('a split, 10 for 1').waitFor()
    await page.getByText('The sample prices are replaced for good').waitFor()
    await looksRight(person, `market-ready-${size}-${scheme}`)
    await page.getByRole('button', { name: 'Commit 20 prices' }).dblclick()
    await page.getByText('These prices are live.').waitFor()
    await looksRight(person, `market-committed-${size}-${scheme}`)

    await page.goto('/admin/market')
    await page.getByText('As of Fri, 20 Nov 2020').waitFor()
    await looksRight(person, `market-overview-${size}-${scheme}`)
    await page.getByRole('link', { name: 'Splits' }).click()
    await page.getByRole('cell', { name: '10 for 1' }).waitFor()
    await looksRight(person, `market-splits-${size}-${scheme}`)
    await page.getByRole('link', { name: /^import \d+$/ }).click()
    await page.getByRole('link', { name: 'Undo import…' }).click()
    await page.getByText('20 prices will be removed').waitFor()
    await page.getByText('ITBEES on Fri, 20 Nov 2020').waitFor()
    await looksRight(person, `market-undo-${size}-${scheme}`)
    await page.getByRole('button', { name: 'Undo import' }).dblclick()
    await page.getByText('is undone. 20 prices had no earlier value and are removed.').waitFor()
    await page.goto('/admin/market')
    await page.getByText('There are no prices').waitFor()
    expect(await scene.app.sql`select from counted_splits()`).toHaveLength(0)
  },
  60_000,
)

test.each([
  { size: 'laptop', scheme: 'light' },
  { size: 'phone', scheme: 'dark' },
] as const)(
  'an admin keeps instruments, splits and the calendar on a $size ($scheme)',
  async (options) => {
    const { size, scheme } = options
    const person = await scene.arriveAsAdmin(options)
    const { page } = person
    await page.goto('/admin/market/instruments')
    await looksRight(person, `market-instruments-${size}-${scheme}`)
    await page.getByRole('link', { name: 'Follow another one' }).click()
    await page.getByLabel('Symbol').fill('GOLDBEES')
    await page.getByLabel('Name').fill('Gold')
    await page.getByLabel('ISIN').fill('INF204KB17I4')
    await page.getByRole('button', { name: 'Follow it' }).click()
    await page.getByText('That is no ISIN of an Indian fund').waitFor()
    await looksRight(person, `market-instrument-refused-${size}-${scheme}`)
    await page.getByLabel('ISIN').fill('INF204KB17I5')
    await page.getByRole('button', { name: 'Follow it' }).click()
    await page.getByText('GOLDBEES is followed from now on.').waitFor()
    await page.getByRole('link', { name: 'GOLDBEES' }).click()
    await page.getByRole('button', { name: 'Symbol and index checked today' }).click()
    await page.getByText('Noted: GOLDBEES was checked today.').waitFor()
    await page.getByRole('link', { name: 'GOLDBEES' }).click()
    await page.getByRole('link', { name: 'Measure against it…' }).waitFor()
    await looksRight(person, `market-instrument-${size}-${scheme}`)
    await page.getByRole('link', { name: 'Measure against it…' }).click()
    await page.getByRole('link', { name: 'Cancel' }).waitFor()
    await looksRight(person, `market-benchmark-${size}-${scheme}`)
    await page.getByRole('link', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Stop following it' }).click()
    await page.getByText('GOLDBEES is not followed any more.').waitFor()

    await page.getByRole('link', { name: 'Splits' }).click()
    await page.getByLabel('Instrument').selectOption('ITBEES')
    await page.getByLabel('First day at the new price').fill('2020-11-12')
    await page.getByLabel('New units for one old').fill('10')
    await page.getByRole('button', { name: 'Add split' }).dblclick()
    await page.getByText('The split of ITBEES applies from now on.').waitFor()
    await page.getByRole('button', { name: 'Remove ITBEES, Thu, 12 Nov 2020' }).click()
    await page.getByText('The split is removed').waitFor()

    await scene.app.sql`update holidays set day = '2026-01-27' where day = '2026-01-26'`
    await page.getByRole('link', { name: 'Calendar' }).click()
    await page.getByText('Missing: Republic Day.').waitFor()
    await page.getByLabel('NSE’s list').fill('2027-01-26 Republic Day\n2027-02-31 Nothing')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Line 2:').waitFor()
    await looksRight(person, `market-calendar-refused-${size}-${scheme}`)
    await page.getByText('Where to find NSE’s list').click()
    await page
      .getByLabel('NSE’s list')
      .fill(
        '1\t26-Jan-2027\tTuesday\tRepublic Day\n2\t26-Mar-2027\tFriday\tGood Friday\n3\t31-Jan-2027\tSunday\tUnion Budget*',
      )
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('2 holidays and 1 special session saved. Open on Sun, 31 Jan 2027 (Union Budget).').waitFor()
    await looksRight(person, `market-calendar-${size}-${scheme}`)
    for (const name of ['Republic Day, 2027-01-26', 'Good Friday, 2027-03-26', 'Union Budget, 2027-01-31'])
      await page.getByRole('button', { name: `Remove ${name}` }).click()
    await page.getByText('Sun, 31 Jan 2027 is no longer a session.').waitFor()
    await scene.app.sql`update holidays set day = '2026-01-26' where day = '2026-01-27'`
  },
  60_000,
)

test.each([
  { size: 'phone', scheme: 'light' },
  { size: 'laptop', scheme: 'dark' },
] as const)(
  'an admin reads NSE’s list of ETFs and picks one from it on a $size ($scheme)',
  async (options) => {
    const { size, scheme } = options
    await scene.app.sql`truncate etf_list`
    const person = await scene.arriveAsAdmin(options)
    const { page } = person
    await page.goto('/admin/market/instruments')
    const list = (isin: string) =>
      etfList(
        ['GOLDBEES', 'Gold', 'Nippon India ETF Gold BeES', 'INF204KB17I5'],
        ['GOLD1', 'Gold', 'Kotak Gold ETF', 'INF109KC1E35'],
        ['ITBEES', 'Nifty IT', 'Nippon India ETF Nifty IT', isin],
        ['AUTOBEES', 'Nifty Auto', 'Nippon India ETF Nifty Auto', 'INF204KB19D2'],
      )
    await page.getByLabel('Read NSE’s list of ETFs').setInputFiles(chosen([list('INF204KC1AB3')]))
    await page.getByRole('button', { name: 'Read the list' }).click()
    await page.getByText('eq_etfseclist.csv, line 4').waitFor()
    await looksRight(person, `market-list-refused-${size}-${scheme}`)
    await page.getByLabel('Read NSE’s list of ETFs').setInputFiles(chosen([list('INF204KC1AB2')]))
    await page.getByRole('button', { name: 'Read the list' }).dblclick()
    await page.getByText('NSE’s list is read: 4 ETFs').waitFor()
    await page.getByLabel('Symbol, name or underlying').fill('nippon gold')
    await page.getByRole('button', { name: 'Search the list' }).click()
    await page.getByRole('link', { name: 'Add GOLDBEES' }).waitFor()
    await looksRight(person, `market-list-found-${size}-${scheme}`)
    await page.getByRole('link', { name: 'Add GOLDBEES' }).click()
    await page.getByLabel('Name').fill('Gold')
    await looksRight(person, `market-list-prefilled-${size}-${scheme}`)
    await page.getByRole('button', { name: 'Follow it' }).click()
    await page.getByText('GOLDBEES is followed from now on.').waitFor()
    await page.goto('/admin/market')
    await page.getByText('NSE’s list says AUTOBEES INF204KB19D2, ITBEES INF204KC1AB2.').waitFor()
    await looksRight(person, `market-list-isins-${size}-${scheme}`)
    await page.goto('/admin/market/instruments/GOLDBEES')
    await page.getByRole('button', { name: 'Stop following it' }).click()
    await page.getByText('GOLDBEES is not followed any more.').waitFor()
  },
  60_000,
)

test.each([
  { size: 'phone', scheme: 'dark' },
  { size: 'laptop', scheme: 'light' },
] as const)(
  'an admin accepts the new symbol of a fund, and renames another as NSE’s list says, on a $size ($scheme)',
  async (options) => {
    const { size, scheme } = options
    const { sql } = scene.app
    await sql`truncate prices, splits, real_jumps, imports, etf_list, former_names restart identity cascade`
    await sql`update instruments set symbol = 'BANKBEES' where isin = 'INF204KB15I9'`
    await sql`update instruments set symbol = 'PSUBNKBEES' where isin = 'INF204KB16I7'`
    const person = await scene.arriveAsAdmin(options)
    const { page } = person
    await page.goto('/admin/market/imports')
    const renamed = bhavcopy('2020-11-18', { NIFTYBEES: 291, BANKNEW: 506 }, { BANKNEW: 'INF204KB15I9' })
    await page
      .getByLabel('Files')
      .setInputFiles(chosen([bhavcopy('2020-11-17', { NIFTYBEES: 290, BANKBEES: 505, PSUBNKBEES: 60 }), renamed]))
    await page.getByRole('button', { name: 'Read files' }).dblclick()
    await page.getByText('ISIN INF204KB15I9 now trades as').waitFor()
    await looksRight(person, `market-rename-asked-${size}-${scheme}`)
    await page.getByRole('button', { name: 'It is BANKBEES, renamed' }).click()
    await page.getByText('BANKBEES becomes BANKNEW').waitFor()
    await looksRight(person, `market-rename-answered-${size}-${scheme}`)
    await page.getByRole('button', { name: 'Commit 5 prices' }).click()
    await page.getByText('These prices are live.').waitFor()
    await page.getByRole('link', { name: 'Undo import…' }).click()
    await page.getByText('accepted with it stay: BANKNEW').waitFor()
    await looksRight(person, `market-rename-undo-${size}-${scheme}`)

    await page.goto('/admin/market/instruments')
    await page
      .getByLabel('Read NSE’s list of ETFs')
      .setInputFiles(chosen([etfList(['PSUBANKETF', 'Nifty PSU Bank', 'Nippon PSU Bank BeES', 'INF204KB16I7'])]))
    await page.getByRole('button', { name: 'Read the list' }).click()
    await page.getByText('NSE’s list calls PSUBNKBEES PSUBANKETF').waitFor()
    await looksRight(person, `market-list-rename-${size}-${scheme}`)
    await page.getByRole('link', { name: 'PSUBNKBEES' }).click()
    await page.getByText('NSE’s list calls it PSUBANKETF').waitFor()
    await page.getByLabel('New symbol').fill('BANKNEW')
    await page.getByRole('button', { name: 'Rename', exact: true }).click()
    await page.getByText('BANKNEW is another instrument’s symbol.').waitFor()
    await looksRight(person, `market-rename-refused-${size}-${scheme}`)
    await page.getByRole('button', { name: 'Rename PSUBNKBEES to PSUBANKETF' }).dblclick()
    await page.getByText('PSUBNKBEES is now PSUBANKETF').waitFor()
    await page.goto('/admin/market/instruments/PSUBNKBEES')
    await page.getByText('Former names').waitFor()
    await looksRight(person, `market-renamed-${size}-${scheme}`)
    await page.getByRole('button', { name: 'Remove PSUBNKBEES' }).click()
    await page.getByText('PSUBNKBEES is no longer a former name of PSUBANKETF.').waitFor()
    await sql`update instruments set symbol = 'BANKBEES' where isin = 'INF204KB15I9'`
    await sql`update instruments set symbol = 'PSUBNKBEES' where isin = 'INF204KB16I7'`
    await sql`truncate etf_list`
  },
  60_000,
)

test('an import that is still being read says so, and shows itself when it was read', async () => {
  const { page } = await scene.arriveAsAdmin({ size: 'laptop' })
  const [row] = await scene.app.sql<{ id: number }[]>`
    insert into imports (origin, created_by) values ('upload', 'test') returning id::int as id`
  await page.goto(`/admin/market/imports/${row!.id}`)
  await page.getByText('The files are being read.').waitFor()
  await scene.app.sql`update imports set status = 'held' where id = ${row!.id}`
  await page.getByText('There are no prices or NAVs in it.').waitFor()
  await page.getByRole('button', { name: 'Discard' }).click()
  await page.getByText('The import is discarded.').waitFor()
})

test('without scripts files are uploaded, committed and taken back', async () => {
  const { page } = await scene.arriveAsAdmin({ size: 'phone', script: false })
  await page.goto('/admin/market/imports')
  await page.getByLabel('Files').setInputFiles(chosen([bhavcopy('2020-11-13', { METALIETF: 9.5 })]))
  await page.getByRole('button', { name: 'Read files' }).click()
  await page.getByRole('button', { name: 'Commit 1 price' }).click()
  await page.getByRole('link', { name: 'Undo import…' }).click()
  await page.getByRole('button', { name: 'Undo import' }).click()
  await page.getByText('is undone.').waitFor()
})
