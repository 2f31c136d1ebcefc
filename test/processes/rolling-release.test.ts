import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deliver, signed, successBody } from '../billing/webhooks/sender.ts'
import { type Checkout, copyCheckout } from '../support/checkout.ts'
import { newestOrder, paidOnce, tracesOf } from '../support/ledger.ts'
import { type AppProcess, buildHarness, type ProcessHarness, run } from '../support/process.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'

// Releases in the order in which they come; each is a checkout of its own and runs as processes of its own.
let harness: ProcessHarness
let first: Checkout
let functionsOnly: Checkout
let withMigration: Checkout
let breaking: Checkout
beforeAll(async () => {
  harness = await buildHarness()
  first = copyCheckout()
  functionsOnly = await release('two')
  withMigration = await release('two', 'three')
  withMigration.write('platform/migrations/9000-notes.sql', 'alter table orders add column note text;')
  breaking = await release('two', 'three', 'four')
  breaking.write('platform/migrations/9000-notes.sql', 'alter table orders add column note text;')
  const source = breaking.read('platform/release.ts')
  breaking.write('platform/release.ts', source.replace(/const servesFrom = \d+/, 'const servesFrom = 100'))
}, 60_000)
afterAll(async () => {
  await harness.close()
  for (const checkout of [first, functionsOnly, withMigration, breaking]) checkout?.remove()
})

const file = 'billing/checkout/settle-order.sql'

/** A later release: a function says its name, and each release before it left its line. */
async function release(...names: string[]): Promise<Checkout> {
  const checkout = copyCheckout()
  for (const name of names) {
    checkout.write(file, `${checkout.read(file)}\n${marking(name)}\n`)
    await checkout.numberFunctions()
  }
  return checkout
}
const marking = (name: string) =>
  `create or replace function which_release() returns text language sql as $$ select '${name}' $$;`

const functionsInDatabase = async () => {
  const [row] = await harness.sql<{ there: boolean }[]>`select to_regproc('which_release') is not null as there`
  if (!row!.there) return 'one'
  return (await harness.sql<{ name: string }[]>`select which_release() as name`)[0]!.name
}
const deadlocks = async () => {
  const [row] = await harness.sql<{ count: number }[]>`
    select deadlocks::int as count from pg_stat_database where datname = current_database()`
  return row!.count
}
const waitsFor = async (table: string) =>
  (await harness.sql`select from pg_locks where relation = ${table}::regclass and not granted`).length > 0
const readyz = async (app: AppProcess) => {
  const answer = await fetch(`${app.url}/readyz`)
  return { ...((await answer.json()) as { release: string }), status: answer.status }
}
const command = async (checkout: Checkout, name: string, ...args: string[]) => {
  const started = run(harness.settings, join(checkout.folder, 'src', 'commands', `${name}.ts`), args)
  await started.stop('SIGCONT')
  return { code: started.child.exitCode, output: started.output() }
}

/** People who register and pay, one after another, until told to stop; answers the orders and what went wrong. */
function traffic(app: AppProcess) {
  const orders: string[] = []
  const wrong: string[] = []
  let on = true
  const going = (async () => {
    while (on) {
      const visitor = new Visitor(app)
      const form = await visitor.register()
      const { id } = await newestOrder(harness, form.email!)
      harness.sandbox.control.pay(id)
      const body = successBody(id)
      const taken = await deliver(app, body, signed(body))
      const page = await visitor.get(`/payment/return?order_id=${id}`)
      if (taken.status !== 200 || page.status !== 200) wrong.push(`${id}: ${taken.status}, ${page.status}`)
      orders.push(id)
    }
  })()
  return {
    orders,
    stop: async () => {
      on = false
      await going
      return wrong
    },
  }
}

async function allPaidOnce(orders: string[]) {
  for (const id of orders) {
    await until(async () => (await tracesOf(harness, id)).status === 'paid', 20_000)
    expect(await tracesOf(harness, id)).toMatchObject({ ...paidOnce, incidents: [] })
  }
}

describe('a rolling release', () => {
  test('that differs in functions only: the old process serves on, says so, and after a restart changes nothing', {
    timeout: 120_000,
  }, async () => {
    const old = await harness.start({}, first.folder)
    expect(await readyz(old)).toMatchObject({ status: 200, release: 'current' })
    const people = traffic(old)
    await until(async () => people.orders.length > 0)
    const next = await harness.start({}, functionsOnly.folder)
    expect(await functionsInDatabase()).toBe('two')
    const before = people.orders.length
    await until(async () => people.orders.length > before + 1)
    expect(await readyz(next)).toMatchObject({ status: 200, release: 'current' })
    for (let time = 0; time < 3; time++)
      expect(await readyz(old)).toMatchObject({ status: 200, release: 'older-than-database' })
    expect(old.output().match(/a newer release migrated the database/g)).toHaveLength(1)
    expect(await people.stop()).toEqual([])

    await old.stop('SIGKILL')
    const again = await harness.start({}, first.folder)
    expect(await functionsInDatabase()).toBe('two')
    expect(await readyz(again)).toMatchObject({ status: 200, release: 'older-than-database' })
    expect(again.output()).toMatch(
      /the database is of a newer release than this checkout: it has functions of revision/,
    )
    const more = traffic(again)
    await until(async () => more.orders.length > 1)
    expect(await more.stop()).toEqual([])
    await allPaidOnce([...people.orders, ...more.orders])
    await Promise.all([again.stop(), next.stop()])
  })

  test('with a migration, while both serve: nobody notices, and the old release’s migrate refuses with a sentence', {
    timeout: 120_000,
  }, async () => {
    const old = await harness.start({}, functionsOnly.folder)
    const people = traffic(old)
    await until(async () => people.orders.length > 0)
    const next = await harness.start({}, withMigration.folder)
    const before = people.orders.length
    await until(async () => people.orders.length > before + 1)
    expect(await people.stop()).toEqual([])
    await allPaidOnce(people.orders)
    expect(await functionsInDatabase()).toBe('three')

    const refused = await command(first, 'migrate')
    expect(refused.code).toBe(1)
    expect(refused.output).toMatch(
      /^Nothing was changed: the database is of a newer release than this checkout: it has 9000-notes\.sql, functions of revision \d+, here \d+\n$/,
    )
    expect((await command(first, 'doctor')).output).toMatch(
      /warning +migrations +the database is newer than this checkout \(9000-notes\.sql.*, which still works on it/,
    )
    expect(await command(first, 'invariants')).toMatchObject({ code: 0 })
    expect(await functionsInDatabase()).toBe('three')
    await Promise.all([old.stop(), next.stop()])
  })

  test('many old and new processes that start at once leave the newest functions', { timeout: 120_000 }, async () => {
    await harness.sql`delete from migrations where name like 'functions %'`
    const started = await Promise.all(
      [first, withMigration, functionsOnly].map(({ folder }) => harness.start({}, folder)),
    )
    expect(await functionsInDatabase()).toBe('three')
    await Promise.all(started.map((app) => app.stop()))
  })

  test('that an older one cannot work under: the older one is not ready, and does not start', {
    timeout: 120_000,
  }, async () => {
    const old = await harness.start({}, withMigration.folder)
    const next = await harness.start({}, breaking.folder)
    expect(await readyz(old)).toMatchObject({ status: 503, release: 'incompatible' })
    expect(await readyz(next)).toMatchObject({ status: 200, release: 'current' })
    await old.stop()
    const refused = run({ ...harness.settings, PORT: '0' }, join(withMigration.folder, 'src', 'main.ts'))
    await refused.stop('SIGCONT')
    expect(refused.child.exitCode).toBe(1)
    expect(refused.output()).toMatch(/Could not start: the database is of a newer release than this checkout/)
    const back = await command(withMigration, 'migrate', '--replace-newer-functions')
    expect(back).toMatchObject({ code: 1, output: expect.stringMatching(/^Nothing was changed/) })
    expect(await functionsInDatabase()).toBe('four')
    await next.stop()
  })

  test('can be gone back from on purpose, and forward again', { timeout: 120_000 }, async () => {
    await harness.sql`update migrations set name = replace(name, 'serves 100', 'serves 1') where name like 'functions %'`
    const back = await command(functionsOnly, 'migrate', '--replace-newer-functions')
    expect(back).toMatchObject({ code: 0 })
    expect(await functionsInDatabase()).toBe('two')
    // The tables of the newer release stay, and so the older one still says that it is older.
    const old = await harness.start({}, functionsOnly.folder)
    expect(await readyz(old)).toMatchObject({ status: 200, release: 'older-than-database' })
    const next = await harness.start({}, withMigration.folder)
    expect(await functionsInDatabase()).toBe('three')
    expect(await readyz(next)).toMatchObject({ status: 200, release: 'current' })
    await Promise.all([old.stop(), next.stop()])
  })

  test('gives way to a payment that holds its tables the other way round, and begins again', async () => {
    const twoTables = await release('two', 'three', 'four')
    twoTables.write('platform/migrations/9000-notes.sql', withMigration.read('platform/migrations/9000-notes.sql'))
    twoTables.write(
      'platform/migrations/9001-marks.sql',
      'alter table orders add column mark text; alter table mails add column mark text;',
    )
    const before = await deadlocks()
    let migrating: ReturnType<typeof command> | undefined
    await harness.sql.begin(async (payment) => {
      await payment`lock table mails in row exclusive mode`
      migrating = command(twoTables, 'migrate')
      await until(async () => waitsFor('mails'))
      await payment`lock table orders in row exclusive mode`
    })
    expect(await migrating).toMatchObject({ code: 0 })
    const columns = await harness.sql`
      select from information_schema.columns where column_name = 'mark' and table_name in ('orders', 'mails')`
    expect(columns).toHaveLength(2)
    expect(await deadlocks()).toBe(before)
    twoTables.remove()
  })
})
