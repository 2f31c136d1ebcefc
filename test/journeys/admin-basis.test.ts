import { test } from 'vitest'
import { bhavcopy, type Chosen } from '../admin/market/uploading.ts'
import { looksRight, openScene } from './scene.ts'

const scene = openScene()
const chosen = (files: Chosen[]) =>
  files.map(({ name, content }) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(content) }))
const unknown = (symbol: string, ...rows: [day: string, close: number][]): Chosen => ({
  name: `${symbol}.csv`,
  content: ['Date,Open,High,Low,Close', ...rows.map(([day, c]) => `${day},${c},${c},${c},${c}`)].join('\n'),
})

test.each([
  { size: 'phone', scheme: 'light' },
  { size: 'laptop', scheme: 'light' },
  { size: 'phone', scheme: 'dark' },
  { size: 'laptop', scheme: 'dark' },
] as const)(
  'an admin says what files of unknown origin hold on a $size, and corrects the one that would apply a split twice ($scheme)',
  async (options) => {
    const name = `${options.size}-${options.scheme}`
    await scene.app.sql`truncate prices, splits, real_jumps, imports restart identity cascade`
    const person = await scene.arriveAsAdmin(options)
    const { page } = person
    const gives = async (...files: Chosen[]) => {
      await page.goto('/admin/market/imports')
      await page.getByLabel('Files').setInputFiles(chosen(files))
      await page.getByRole('button', { name: 'Read files' }).click()
    }
    await gives(
      bhavcopy('2020-11-19', { AUTOBEES: 30, ITBEES: 405 }),
      bhavcopy('2020-11-20', { AUTOBEES: 20.4, ITBEES: 40.7 }),
      { name: 'broken.csv', content: 'x,y' },
    )
    await page.getByText('1 file not read').waitFor()
    await looksRight(person, `basis-jumps-${name}`)
    await page.getByRole('button', { name: 'It is a split of ITBEES' }).click()
    await page.getByRole('button', { name: 'The market’s own move of AUTOBEES' }).click()
    await page.getByRole('button', { name: 'Commit 4 prices' }).click()
    await page.getByText('These prices are live.').waitFor()
    await page.goto('/admin/market/splits')
    await looksRight(person, `basis-own-moves-${name}`)
    await page.getByRole('button', { name: 'Ask again about AUTOBEES' }).dblclick()
    await page.getByText('If it was a split, enter it here.').waitFor()

    await gives(
      unknown('ITBEES', ['2020-11-17', 40.1], ['2020-11-18', 40.2]),
      unknown('BANKBEES', ['2020-11-17', 500], ['2020-11-18', 501]),
    )
    await page.getByText('All 2 files:').waitFor()
    await looksRight(person, `basis-questions-${name}`)
    await page.getByRole('button', { name: 'Restated', exact: true }).click()
    await page.getByText('it would be applied twice.').waitFor()
    await looksRight(person, `basis-twice-${name}`)
    await page.getByLabel('Restated up to').first().fill('2020-11-01')
    await page.getByRole('button', { name: 'Correct for ITBEES' }).first().click()
    await page.getByText('from the file’s last one up to today.').waitFor()
    await looksRight(person, `basis-refused-${name}`)
    await page.getByLabel('Restated up to').first().fill('2020-11-20')
    await page.getByRole('button', { name: 'Correct for ITBEES' }).first().dblclick()
    await page.getByRole('button', { name: 'Commit 4 prices' }).click()
    await page.getByText('These prices are live.').waitFor()
  },
  60_000,
)
