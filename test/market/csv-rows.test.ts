import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { rowsOf } from '../../src/market/files/csv-files.ts'
import { Unreadable } from '../../src/market/files/unreadable.ts'
import { seeded } from './fixture.ts'

type Read = { line: number; cells: string[] }

/** Rows as they are read when the bytes come in these chunks. */
async function rowsIn(chunks: Iterable<Buffer>): Promise<Read[]> {
  const found: Read[] = []
  async function* arriving() {
    yield* chunks
  }
  for await (const rows of rowsOf(arriving()))
    for (const row of rows) {
      // Each row as its reader may ask: some cells first, in any order, then all.
      const [second, first, beyond] = [row.cell(1), row.cell(0), row.cell(99)]
      const cells = row.cells()
      expect([first, second, beyond]).toEqual([cells[0], cells[1], undefined])
      found.push({ line: row.line, cells })
    }
  return found
}

/** The same by csv-parse alone. */
function expectedRows(text: string): Read[] {
  const options = { relax_column_count: true, skip_empty_lines: true, trim: true, info: true, bom: true } as const
  const rows = parse(text, options) as unknown as { record: string[]; info: { lines: number } }[]
  return rows.map(({ record, info }) => ({ line: info.lines, cells: record }))
}

function* inPieces(bytes: Buffer, random: () => number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + Math.floor(random() ** 3 * 4_000)
    yield bytes.subarray(at, at + size)
    at += size
  }
}

describe('rows', () => {
  test.each([
    ['without quotes', false],
    ['with quotes somewhere', true],
  ])('%s are those of csv-parse, however the bytes arrive', async (_what, isQuoted) => {
    const seed = Date.now() % 1_000_000
    const random = seeded(seed)
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
    for (let round = 0; round < 150; round++) {
      const end = pick(['\n', '\r\n'])
      const plain = ['', ' ', '2026-11-20', ' 505.25 ', 'BANKBEES', '₹ 7', 'नमस्ते', '😀', '-', '1\t']
      const quoted = ['"1,234.50"', '"a ""b"" c"', `"two${end}lines"`, ' "x" ', '""']
      const cell = () => pick(isQuoted && random() < 0.02 ? quoted : plain)
      const line = () => Array.from({ length: Math.floor(random() * 6) }, cell).join(',')
      const body = Array.from({ length: Math.floor(random() * 400) }, line).join(end)
      const text = `date,symbol,close${end}${body}${pick(['', end, end + end])}`
      const read = await rowsIn(inPieces(Buffer.from(pick(['', '\uFEFF']) + text), random))
      expect(read, `seed ${seed}, round ${round}`).toEqual(expectedRows(text))
    }
  })

  test('of an old Mac, which ends lines with a carriage return only, are read', async () => {
    expect(await rowsIn([Buffer.from('date,close\r2026-11-20,505\r')])).toMatchObject([
      { cells: ['date', 'close'] },
      { cells: ['2026-11-20', '505'] },
    ])
  })

  test('of one column are read without searching the rest of the text for a comma each time', async () => {
    const started = performance.now()
    expect(await rowsIn([Buffer.from('x\n'.repeat(200_000))])).toHaveLength(200_000)
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  test('longer than 64 KB are no rows, with a quote or without', async () => {
    for (const text of [`a,b\n${'x,'.repeat(50_000)}`, `a,b\n"${'x,'.repeat(50_000)}`])
      await expect(rowsIn(inPieces(Buffer.from(text), () => 0.9))).rejects.toThrow(Unreadable)
  })
})
