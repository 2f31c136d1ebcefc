import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { connect, type Sql } from '../../src/platform/db.ts'
import { emptyDatabase } from '../operations/databases.ts'
import { freshDatabase } from '../support/database.ts'
import * as release from '../support/release-before.ts'
import { type CatalogueLine, isRetired, whatBreaks } from '../support/what-breaks.ts'

let sql: Sql
let drop: () => Promise<void>
beforeAll(async () => {
  const database = await freshDatabase()
  sql = connect(database.url, { max: 1 })
  drop = async () => {
    await sql.end({ timeout: 1 })
    await database.drop()
  }
})
afterAll(() => drop())

/** The lines of a release, from a database that its own `migrate` made. */
async function linesOf(name: string): Promise<string[]> {
  const { folder, remove } = release.checkOut(name)
  const database = await emptyDatabase(inject('serverUrl'))
  const connection = connect(database.url, { max: 1 })
  try {
    execFileSync(process.execPath, [join(folder, 'src', 'commands', 'migrate.ts')], {
      env: { PATH: process.env.PATH, DATABASE_URL: database.url },
    })
    return (await release.catalogue(connection)).map((one) =>
      isRetired(one.comment) ? `retired ${one.line}` : one.line,
    )
  } finally {
    await connection.end({ timeout: 1 })
    await database.drop()
    remove()
  }
}

const renewal = process.env.RELEASE_BEFORE
test.runIf(renewal)('release-before.txt is renewed', { timeout: 120_000 }, async () => {
  const [head] = readFileSync(release.listFile, 'utf8').split(/^(?=# Release:)/m)
  writeFileSync(release.listFile, `${head}# Release: ${renewal}\n${(await linesOf(renewal!)).join('\n')}\n`)
})

describe('a database of this release, for processes of the release before', () => {
  test('has every function, column and freedom that they had', async () => {
    const found = whatBreaks(release.linesBefore(), await release.catalogue(sql))
    expect(found, 'See “To change what the release before uses” in CONTRIBUTING.md').toEqual([])
  })

  const here = release.hasCommit(release.releaseBefore())
  test.skipIf(!here)(
    here
      ? 'that list is what the release named in its head makes of an empty database'
      : 'SKIPPED, this clone lacks the history: that list is what the release named in its head makes',
    { timeout: 120_000 },
    async () => {
      expect(await linesOf(release.releaseBefore())).toEqual(release.linesBefore())
    },
  )

  test.skipIf(!here)(
    here
      ? 'and its processes find their libraries, with which tests run them'
      : 'SKIPPED, this clone lacks the history: its processes find their libraries',
    () => {
      const missing = release.missingLibraries(release.releaseBefore())
      expect(missing, 'They stay among devDependencies until the next release: see CONTRIBUTING.md').toEqual([])
    },
  )

  const tag = release.newestTag()
  test.skipIf(!tag)(
    tag ? 'the list is of the newest tag' : 'SKIPPED, there are no tags here: the list is of the newest tag',
    () => {
      expect(release.releaseBefore(), `Renew it: RELEASE_BEFORE=${tag} npm test -- platform/release-before`).toBe(tag)
    },
  )
})

describe('what would break them is', () => {
  const before = [
    'column orders.id text required',
    'column orders.note text',
    'column orders.old text',
    "constraint orders CHECK ((status = ANY (ARRAY['paid'::text, 'open'::text])))",
    'constraint orders PRIMARY KEY (id)',
    'function settle(id text) returns jsonb',
    'retired function settle_1(id text) returns text',
  ]
  const same = before.map((line) => ({ line: line.replace(/^retired /, ''), comment: '' }))
  const without = (part: string) => same.filter(({ line }) => !line.includes(part))
  const changed = (from: string, to: string) => same.map((one) => ({ ...one, line: one.line.replace(from, to) }))
  const more = (line: string, comment = '') => [...same, { line, comment }]
  test.each<[string, CatalogueLine[], string[]]>([
    ['nothing, where nothing changed', same, []],
    [
      'a function that went',
      without('settle('),
      ['is gone or has another shape: function settle(id text) returns jsonb'],
    ],
    [
      'a function that answers something else',
      changed('returns jsonb', 'returns text'),
      ['is gone or has another shape: function settle(id text) returns jsonb'],
    ],
    ['nothing, where a function went that they no longer call', without('settle_1'), []],
    ['a column that went', without('orders.old'), ['is gone: column orders.old text']],
    [
      'a column of another type',
      changed('orders.old text', 'orders.old jsonb'),
      ['has another type, jsonb: column orders.old text'],
    ],
    [
      'a column that may no longer be empty',
      changed('orders.note text', 'orders.note text not null'),
      ['may no longer be empty or left out: column orders.note text'],
    ],
    ['nothing, where one may be left out now', changed('orders.id text required', 'orders.id text not null'), []],
    [
      'a new column that must be given',
      more('column orders.state text required'),
      ['is new and must be given: column orders.state text required'],
    ],
    ['nothing, where a new column has a default', more('column orders.state text not null'), []],
    ['nothing, in a new table', more('column notes.state text required'), []],
    ['nothing, where a list of values grew', changed(`'open'::text`, `'open'::text, 'held'::text`), []],
    [
      'a list of values that shrank',
      changed(`, 'open'::text`, ''),
      [`is a new rule: constraint orders CHECK ((status = ANY (ARRAY['paid'::text])))`],
    ],
    ['a new rule', more('unique orders btree (note)'), ['is a new rule: unique orders btree (note)']],
    [
      'a key that went',
      without('PRIMARY KEY'),
      ['is gone, and “on conflict” may rely on it: constraint orders PRIMARY KEY (id)'],
    ],
    [
      'nothing, where a key changed and somebody said why that is harmless',
      [
        ...without('PRIMARY KEY'),
        { line: 'constraint orders PRIMARY KEY (id, note)', comment: 'The release before never says on conflict.' },
      ],
      [],
    ],
    [
      'nothing, where somebody said why it is harmless',
      more('unique orders btree (note)', 'The release before never writes it.'),
      [],
    ],
  ])('%s', (_, present, sentences) => {
    expect(whatBreaks(before, present)).toEqual(sentences)
  })
})
