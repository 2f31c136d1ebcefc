import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isOutsideTransaction } from '../../src/platform/outside-transaction.ts'
import { splitStatements } from '../../src/platform/sql-statements.ts'
import { blocksForLong, locksOf } from '../../src/platform/statement-locks.ts'

const folder = join(import.meta.dirname, '..', '..', 'src', 'platform', 'migrations')

/** Tables with a row, or more, for each subscriber and month. */
const growing = new Set([
  ...['audit', 'audit_seals', 'users', 'sessions', 'known_devices', 'subscriptions', 'subscription_periods'],
  ...[
    'orders',
    'payments',
    'receipts',
    'credit_notes',
    'refunds',
    'mails',
    'webhook_events',
    'account_links',
    'reminders',
    'mandates',
    'mandate_charges',
  ],
])
/** Statements that a person has read and found harmless, each with why. */
const read: Record<string, string> = {
  '0196-deliveries-before.sql: do $$': 'adds a check that is not valid yet, which reads nothing',
  '0198-deliveries-by-month.sql: do $$':
    'moves the number of a sequence; attaches a table whose check was validated before, which reads nothing',
}

const migrations = readdirSync(folder)
  .filter((name) => name.endsWith('.sql') && name >= '0180')
  .map((name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    return { name, outside: isOutsideTransaction(text), statements: splitStatements(text) }
  })

/** Names of migrations with the statements of theirs that keep people from writing to a growing table, or that nobody knows. */
function refusedOf(name: string, statements: readonly string[]): string[] {
  // Nobody waits for a table that the same migration makes.
  const made = new Set(statements.flatMap((one) => /^create table (?:if not exists )?(\w+)/i.exec(one)?.[1] ?? []))
  return statements
    .filter((statement) => {
      const locks = locksOf(statement)
      return (
        locks === null ||
        locks.some(
          (lock) => growing.has(lock.table) && !made.has(lock.table) && (blocksForLong(lock) || changesAll(statement)),
        )
      )
    })
    .map((statement) => `${name}: ${statement.slice(0, 80)}`)
    .filter((one) => !Object.keys(read).some((known) => one.startsWith(known)))
}
const changesAll = (statement: string) => /^(?:update|delete from) (?!.*\bwhere\b)/i.test(statement)

describe('migrations from 0180 on keep nobody waiting', () => {
  test('no statement locks a growing table while it reads or writes all of it', () => {
    expect(migrations.flatMap(({ name, statements }) => refusedOf(name, statements))).toEqual([])
  })

  test('what runs outside of a transaction can be repeated', () => {
    const repeatable =
      /^(?:create (?:unique )?index concurrently if not exists |drop index concurrently if exists |alter table \w+ validate constraint )/
    const wrong = migrations
      .filter(({ outside }) => outside)
      .flatMap(({ name, statements }) =>
        statements.filter((one) => !repeatable.test(one)).map((one) => `${name}: ${one}`),
      )
    expect(wrong).toEqual([])
  })

  test.each([
    ['create index mails_by_name on mails (to_name)'],
    ['alter table orders add constraint small check (amount_paise < 10)'],
    ['alter table payments alter column status set not null'],
    ['alter table receipts alter column serial type bigint'],
    [`update users set name = ''`],
    ['do $$ begin execute 1; end $$'],
  ])('refused: %s', (statement) => {
    expect(refusedOf('x', [statement])).toHaveLength(1)
  })
})
