import { describe, expect, test } from 'vitest'
import { compareRelease, listRevisions, markerIn, markerOf, readRelease } from '../../src/platform/release.ts'

const digest = (letter: string) => letter.repeat(64)
const release = { migrations: ['0001-a.sql', '0002-b.sql'], functions: '', digest: digest('a'), revision: 5 }
const functions = (revision: number, from: number, text = 'b') => `functions ${revision} serves ${from} ${digest(text)}`

describe('the functions of this checkout', () => {
  test('have their revision as the last line of function-revisions.txt', async () => {
    const { digest } = await readRelease()
    const last = (await listRevisions()).at(-1)
    expect(
      last,
      `The SQL functions changed. Add a line, never change one:\n  echo ${digest} >> src/platform/function-revisions.txt\n`,
    ).toBe(digest)
  })

  test('are named in the database so that revision, text and the oldest release they serve can be read again', () => {
    expect(markerIn(['0001-a.sql', markerOf(release)])).toEqual({ revision: 5, servesFrom: 1, digest: digest('a') })
    expect(markerIn([`functions ${digest('c')}`])).toEqual({ revision: 0, servesFrom: 0, digest: digest('c') })
    expect(markerIn(['0001-a.sql'])).toBeNull()
  })
})

describe('a checkout is', () => {
  test.each([
    ['current with its own migrations and functions', ['0001-a.sql', '0002-b.sql', markerOf(release)], 'current'],
    ['to migrate a database that lacks a migration', ['0001-a.sql', markerOf(release)], 'database-behind'],
    ['to migrate an empty database', [], 'database-behind'],
    ['to replace functions of an earlier revision', ['0001-a.sql', '0002-b.sql', functions(4, 1)], 'database-behind'],
    ['to replace others of its own revision', ['0001-a.sql', '0002-b.sql', functions(5, 1)], 'database-behind'],
    [
      'to replace functions from before revisions were counted',
      ['0001-a.sql', '0002-b.sql', `functions ${digest('c')}`],
      'database-behind',
    ],
    ['older than functions of a later revision', ['0001-a.sql', '0002-b.sql', functions(6, 1)], 'older-than-database'],
    [
      'older than a migration it does not know',
      ['0001-a.sql', '0002-b.sql', '0003-c.sql', functions(5, 5)],
      'older-than-database',
    ],
    [
      'incompatible with functions that serve later ones only',
      ['0001-a.sql', '0002-b.sql', functions(7, 6)],
      'incompatible',
    ],
    [
      'incompatible with a newer database that lacks one of its tables',
      ['0001-a.sql', functions(6, 1)],
      'incompatible',
    ],
  ] as const)('%s', (_, applied, compatibility) => {
    expect(compareRelease(release, applied).compatibility).toBe(compatibility)
  })
})
