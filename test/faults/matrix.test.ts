import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(root, 'docs', 'fault-matrix.md'), 'utf8')
const rows = page
  .split('\n')
  .filter((line) => /^\| [A-L]-?\d/.test(line))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()))

/** Every proof of the page: a test (file and name), a command, or the words that say why there is none. */
const proofs = rows.flatMap(([row, , , cell = '']) =>
  cell.split('<br>').map((proof) => {
    const [, file, name] = /^`(\S+\.test\.ts)` › (.+)$/.exec(proof) ?? []
    const [, command] = /^`npm run (\S+)`$/.exec(proof) ?? []
    return { row: row!, proof, file, name, command }
  }),
)

/** The names of the tests that this file holds, as they are written there. */
function namesIn(file: string): string[] {
  const path = join(root, 'test', file)
  if (!existsSync(path)) return []
  const text = readFileSync(path, 'utf8')
  const named = /(?:test|it)(?:\.each\((?:(?!\n\S)[\s\S])*?\))?\(\s*(['`"])((?:\\.|(?!\1).)+)\1/g
  return [...text.matchAll(named)].map(([, , name]) => name!)
}

describe('the fault matrix', () => {
  test('has four cells in every row, and no row twice', () => {
    for (const cells of rows) expect([cells[0], cells.length]).toEqual([cells[0], 4])
    const ids = rows.map(([id]) => id)
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
    expect(ids.length).toBeGreaterThan(100)
  })

  test('names only tests that exist', () => {
    const wrong = proofs.filter(({ file, name }) => file && !namesIn(file).includes(name!))
    expect(wrong.map(({ row, proof }) => `${row}: ${proof}`)).toEqual([])
  })

  test('names only commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const wrong = proofs.filter(({ command }) => command && !(command in scripts))
    expect(wrong.map(({ row, proof }) => `${row}: ${proof}`)).toEqual([])
  })

  test('says why where there is no test', () => {
    const silent = proofs.filter(
      ({ file, command, proof }) =>
        !file && !command && !/^Not (tested here|built yet)[,:] |^Not tested here as/.test(proof),
    )
    expect(silent.map(({ row, proof }) => `${row}: ${proof}`)).toEqual([])
  })
})
