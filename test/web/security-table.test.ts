import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(root, 'docs', 'security.md'), 'utf8')
const rows = page
  .split('\n')
  .filter((line) => /^\| \d+\.\d+\.\d+ \|/.test(line))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()))

/** Every proof of the page: a test (file and name), or the words that say why there is none. */
const proofs = rows.flatMap(([row, , , cell = '']) =>
  cell.split('<br>').map((proof) => {
    const [, file, name] = /^`(\S+\.test\.ts)` › (.+)$/.exec(proof) ?? []
    return { row: row!, proof, file, name }
  }),
)

/** The names of the tests that this file holds, as they are written there. */
function namesIn(file: string): string[] {
  const path = join(root, 'test', file)
  if (!existsSync(path)) return []
  const named = /(?:test|it)(?:\.each\((?:(?!\n\S)[\s\S])*?\))?\(\s*(['`"])((?:\\.|(?!\1).)+)\1/g
  return [...readFileSync(path, 'utf8').matchAll(named)].map(([, , name]) => name!)
}

describe('the table of security requirements', () => {
  test('has four cells in every row, no row twice, and every chapter', () => {
    for (const cells of rows) expect([cells[0], cells.length]).toEqual([cells[0], 4])
    const ids = rows.map(([id]) => id!)
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
    expect(new Set(ids.map((id) => Number(id.split('.')[0])))).toEqual(
      new Set(Array.from({ length: 17 }, (_, i) => i + 1)),
    )
    expect(ids.length).toBeGreaterThan(200)
  })

  test('names only tests that exist', () => {
    const wrong = proofs.filter(({ file, name }) => file && !namesIn(file).includes(name!))
    expect(wrong.map(({ row, proof }) => `${row}: ${proof}`)).toEqual([])
  })

  test('names only files that exist', () => {
    const named = [...page.matchAll(/`((?:src|views|public|docs|test)(?:\/[\w.-]+)*|package(?:-lock)?\.json)`/g)]
    expect(named.map(([, path]) => path!).filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  test('says why where there is no test', () => {
    const silent = proofs.filter(
      ({ file, proof }) => !file && !/^(Not met|Not applicable|By reading|Operator): .{5}/.test(proof),
    )
    expect(silent.map(({ row, proof }) => `${row}: ${proof}`)).toEqual([])
  })

  test('tells everything that is not met in one place', () => {
    const summary = page.slice(page.indexOf('## Not met'), page.indexOf('## Decisions'))
    const unmet = proofs.filter(({ proof }) => proof.startsWith('Not met:')).map(({ row }) => row)
    expect(unmet.filter((row) => !summary.includes(row))).toEqual([])
  })
})
