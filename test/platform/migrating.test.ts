import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backUp, emptyDatabase } from '../operations/databases.ts'
import { type Checkout, copyCheckout } from '../support/checkout.ts'
import { freshDatabase } from '../support/database.ts'
import { run } from '../support/process.ts'
import { until } from '../support/until.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
let sql: postgres.Sql
let checkout: Checkout
const environment = (url: string) => {
  const { PATH, HOME } = process.env
  return { PATH: PATH!, HOME: HOME!, DATABASE_URL: url, LOG_LEVEL: 'silent' }
}
const command = async (name: string, args: string[] = [], url = database.url) => {
  const started = run(environment(url), join(checkout.folder, 'src', 'commands', `${name}.ts`), args)
  await started.stop('SIGCONT')
  return { code: started.child.exitCode, output: started.output() }
}
const add = (name: string, text: string) => checkout.write(`platform/migrations/${name}`, text)
const applied = async () =>
  (await sql<{ name: string }[]>`select name from migrations where name like '9%' order by name`).map(
    ({ name }) => name,
  )
const isValid = async (index: string) =>
  (
    await sql<{ valid: boolean }[]>`select indisvalid as valid from pg_index where indexrelid = to_regclass(${index})`
  )[0]?.valid

beforeAll(async () => {
  database = await freshDatabase()
  sql = postgres(database.url, { max: 3, onnotice: () => {} })
  checkout = copyCheckout()
})
afterAll(async () => {
  await sql.end()
  await database.drop()
  checkout.remove()
})

describe('a plan', () => {
  test('says what each statement locks, for how many rows, and changes nothing', async () => {
    await sql`analyze plans`
    add(
      '9000-note.sql',
      `-- why\nalter table plans add column note text;\ncreate table notes (id bigint);\nalter table plans rename to plans_past;\ncreate table plans (id bigint);\nalter table plans add column x text;\nalter table plans_past rename to plans_again;\ndrop table plans;\nalter table plans_again rename to plans;\ndo $$ begin end $$;`,
    )
    add(
      '9001-index.sql',
      '-- no transaction\ncreate index concurrently if not exists plans_by_note on plans (price_paise);',
    )
    const { code, output } = await command('migrate', ['--plan'])
    expect(code).toBe(0)
    expect(output).toMatch(/plans \(\d+ rows, \d+ kB\): ACCESS EXCLUSIVE, nobody reads or writes; brief/)
    expect(output).toMatch(
      /plans add column x text\n {6}locks no table.*\n.*plans_past rename to plans_again\n {6}plans \(\d/,
    )
    expect(output).toContain('create table notes (id bigint)\n      locks no table that is there now')
    expect(output).toContain('do $$ begin end $$\n      unknown to the plan: read it in the file')
    expect(output).toMatch(
      /9001-index\.sql \(outside of a transaction: .*\n.*\n +plans .*SHARE UPDATE EXCLUSIVE.*builds an index/,
    )
    expect(await applied()).toEqual([])
    expect(
      (await sql`select from information_schema.columns where table_name = 'plans' and column_name = 'note'`).count,
    ).toBe(0)
  })

  test('of a database that is up to date says so, and of an empty one too', async () => {
    expect((await command('migrate')).output).toContain('applied 9001-index.sql')
    expect((await command('migrate', ['--plan'])).output).toContain(
      'The database is up to date: nothing would be done.',
    )
  })
})

describe('an index that is built concurrently', () => {
  test('lets people write to its table meanwhile, and is valid afterwards', async () => {
    add(
      '9010-index.sql',
      '-- no transaction\ncreate index concurrently if not exists orders_by_note on orders (status, id);',
    )
    let migrating: ReturnType<typeof command> | undefined
    // A transaction that began before keeps the build waiting; in it, and beside it, the table is written to.
    await sql.begin(async (payment) => {
      await payment`update orders set status = status`
      migrating = command('migrate')
      await until(async () => (await isValid('orders_by_note')) === false, 20_000)
      await sql`update orders set status = status`
      expect(await applied()).not.toContain('9010-index.sql')
    })
    expect(await migrating).toMatchObject({ code: 0 })
    expect(await isValid('orders_by_note')).toBe(true)
  })

  test('and was left unfinished by a process that was killed is dropped and built again', async () => {
    add(
      '9020-index.sql',
      '-- no transaction\ncreate index concurrently if not exists orders_again on orders (status, id);',
    )
    await sql.begin(async (payment) => {
      await payment`update orders set status = status`
      const killed = run(environment(database.url), join(checkout.folder, 'src', 'commands', 'migrate.ts'))
      await until(async () => (await isValid('orders_again')) === false, 20_000)
      await killed.stop('SIGKILL')
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where query like 'create index concurrently%orders_again%' and pid <> pg_backend_pid()`
    })
    await until(async () => (await sql`select from pg_stat_progress_create_index`).length === 0)
    expect(await isValid('orders_again')).toBe(false)
    expect(await command('migrate')).toMatchObject({ code: 0 })
    expect(await isValid('orders_again')).toBe(true)
    expect(await applied()).toContain('9020-index.sql')
  })

  test('is built once when two processes start at the same time, and neither waits for ever', async () => {
    add('9030-a.sql', 'create table parallel_starts (id bigint);')
    add(
      '9031-b.sql',
      '-- no transaction\ncreate unique index concurrently if not exists parallel_key on parallel_starts (id);',
    )
    add('9032-c.sql', 'alter table parallel_starts add constraint parallel_pkey primary key using index parallel_key;')
    const both = await Promise.all([command('migrate'), command('migrate')])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(both.map(({ output }) => output.includes('applied 9031-b.sql')).sort()).toEqual([false, true])
    expect(await isValid('parallel_pkey')).toBe(true)
  })

  test('that fails leaves what came before it, and the next run goes on from there', async () => {
    await sql`insert into parallel_starts values (1)`
    add('9040-a.sql', 'alter table parallel_starts add column twice integer default 1;')
    add(
      '9041-b.sql',
      '-- no transaction\ncreate unique index concurrently if not exists parallel_twice on parallel_starts (twice);',
    )
    await sql`insert into parallel_starts values (2)`
    const failed = await command('migrate')
    expect(failed).toMatchObject({ code: 1, output: expect.stringContaining('could not create unique index') })
    expect(await applied()).toContain('9040-a.sql')
    expect(await applied()).not.toContain('9041-b.sql')
    await sql`update parallel_starts set twice = id`
    expect((await command('migrate')).output).toMatch(/applied 9041-b\.sql/)
    expect(await isValid('parallel_twice')).toBe(true)
  })

  test('is made at once in an empty database, and by a restore of our own format', async () => {
    const { made } = await backUp(database.url)
    const into = await emptyDatabase(database.url)
    try {
      const { code, output } = await command('restore', [made.file, '--into', into.url])
      expect(`${code} ${output}`).toMatch(/^0/)
    } finally {
      await into.drop()
    }
  })
})
