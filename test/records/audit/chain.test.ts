import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { printReport } from '../../../src/operations/integrity/print.ts'
import { createLog } from '../../../src/platform/log.ts'
import { sealAudit } from '../../../src/records/audit/audit.ts'
import { auditHead } from '../../../src/records/audit/queries.ts'
import { verifyAudit } from '../../../src/records/audit/verifying.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

/** What the owner of the server can do who switches the triggers off first. */
const tamper = (statement: string) => app.sql.unsafe(`set local session_replication_role = replica; ${statement}`)
const seal = () => app.run('seal-audit')
const faults = async () => (await verifyAudit(app.sql)).faults
const chainLine = async () =>
  (await checkInvariants(app.sql)).checks.find(({ broken }) => broken === 'broken_i23_audit_chain')!

/** Rows as the product writes them, and their ids. */
async function written(count: number): Promise<number[]> {
  const rows = await app.sql<{ id: number }[]>`
    insert into audit (actor, action, details, origin)
    select 'test', 'act.' || n, jsonb_build_object('n', n, 'words', 'ü “x”'), '{"address": "192.0.2.1"}'
    from generate_series(1, ${count}) n returning id`
  return rows.map(({ id }) => id)
}

beforeEach(() =>
  tamper(`truncate audit, audit_seals; update audit_head set position = 0, hash = '', low_water = 0;
          update audit_verified set position = 0, hash = '', low_water = 0`),
)

describe('the audit is a chain', () => {
  test('what a payment leaves there is sealed by a job, row after row, and verifies', async () => {
    const visitor = new Visitor(app)
    const order = await newestOrder(app, (await visitor.register()).email!)
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    expect(await auditHead(app.sql)).toEqual({ position: 0, hash: '' })
    expect(await seal()).toBeGreaterThan(2)
    expect(await seal()).toBe(0)
    const { position, hash } = await auditHead(app.sql)
    const [rows] = await app.sql<{ count: number }[]>`select count(*)::int as count from audit`
    expect(position).toBe(rows!.count)
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(await verifyAudit(app.sql)).toEqual({ looked: position, wrong: 0, faults: [] })
    expect(await chainLine()).toMatchObject({ looked: position, wrong: 0 })
  })

  test('a row reads the same in every time zone and date style, so its seal does too', async () => {
    await written(3)
    await seal()
    const results = (await app.sql.unsafe(
      `set local timezone = 'Asia/Kolkata'; set local datestyle = 'German'; set local intervalstyle = 'iso_8601';
       set local bytea_output = 'escape'; select count(*)::int as wrong from verify_audit()`,
    )) as unknown as { wrong: number }[][]
    expect(results.at(-1)![0]!.wrong).toBe(0)
  })

  test('more than a thousand rows are sealed in one run, and its end is told outside the database once', async () => {
    const lines: string[] = []
    const log = createLog('info', { write: (line) => lines.push(line) })
    await written(2_500)
    expect(await sealAudit({ sql: app.sql, log })).toBe(2_500)
    expect(await sealAudit({ sql: app.sql, log })).toBe(0)
    const { position, hash } = await auditHead(app.sql)
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ event: 'audit sealed', position, head: hash }])
    expect(position).toBe(2_500)
  })

  test('whoever writes while it is sealed waits for nobody, and what commits out of order is in the chain', async () => {
    let writing = 4
    const writer = async (n: number) => {
      for (let i = 0; i < 40; i++)
        // The number is taken first, the commit comes later, each time after another pause.
        await app.sql.unsafe(
          `insert into audit (actor, action) values ('writer ${n}', 'act.${i}'); select pg_sleep(${((i * 7 + n * 3) % 5) / 200})`,
        )
      writing--
    }
    const sealer = async () => {
      while (writing > 0) await seal()
    }
    await Promise.all([writer(1), writer(2), writer(3), writer(4), sealer(), sealer()])
    await seal()
    const [order] = await app.sql<{ late: number; rows: number }[]>`
      select count(*) filter (where audit_id < before)::int as late, count(*)::int as rows
      from (select audit_id, lag(audit_id) over (order by position) as before from audit_seals) links`
    console.log(`  ${order!.late} of ${order!.rows} rows committed after younger ones were sealed`)
    expect(order!.rows).toBe(160)
    expect(order!.late).toBeGreaterThan(0)
    expect(await verifyAudit(app.sql)).toEqual({ looked: 160, wrong: 0, faults: [] })
  })

  test('a row that commits after younger ones were sealed is still found', async () => {
    const [slow] = [
      app.sql.unsafe(`insert into audit (actor, action) values ('slow', 'x'); select pg_sleep(0.4)`).execute(),
    ]
    await new Promise((resolve) => setTimeout(resolve, 150))
    await written(1_500)
    await seal()
    expect((await auditHead(app.sql)).position).toBe(1_500)
    await slow
    await seal()
    expect(await verifyAudit(app.sql)).toEqual({ looked: 1_501, wrong: 0, faults: [] })
  })

  test('a hundred thousand rows verify, and how long that takes is printed', async () => {
    for (let i = 0; i < 10; i++) await written(10_000)
    const sealing = performance.now()
    await seal()
    const verifying = performance.now()
    expect(await verifyAudit(app.sql)).toMatchObject({ looked: 100_000, wrong: 0 })
    const done = performance.now()
    console.log(
      `  100,000 rows: sealed in ${Math.round(verifying - sealing)} ms, verified in ${Math.round(done - verifying)} ms`,
    )
  })
})

describe('whoever rewrites the audit is refused', () => {
  test.each([
    `update audit set actor = 'nobody'`,
    'delete from audit',
    'truncate audit',
    `update audit_seals set hash = ''`,
    'delete from audit_seals',
    'truncate audit_seals',
    'delete from audit_head',
    'truncate audit_head',
    'delete from audit_verified',
    'truncate audit_verified',
  ])('the owner too: %s', async (statement) => {
    await written(1)
    await seal()
    await expect(app.sql.unsafe(statement)).rejects.toThrow(/are only ever added: .* is refused/)
    expect(await verifyAudit(app.sql)).toMatchObject({ looked: 1, wrong: 0 })
  })

  test('and whoever takes away what it tells of takes nothing of it along', async () => {
    await written(1)
    await seal()
    const undone = app.sql.begin(async (sql) => {
      await sql.unsafe('truncate orders, users cascade')
      expect(await verifyAudit(sql as unknown as typeof app.sql)).toMatchObject({ looked: 1, wrong: 0 })
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
  })
})

describe('what is changed behind our back is noticed', () => {
  const cases: [string, (ids: number[]) => string, string[]][] = [
    [
      'another actor',
      (ids) => `update audit set actor = 'somebody' where id = ${ids[2]}`,
      ['3 the row or its seal was changed'],
    ],
    [
      'another amount',
      (ids) => `update audit set details = details || '{"n": 7.5}' where id = ${ids[4]}`,
      ['5 the row or its seal was changed'],
    ],
    [
      'another time, by a microsecond',
      (ids) => `update audit set at = at + interval '1 microsecond' where id = ${ids[0]}`,
      ['1 the row or its seal was changed'],
    ],
    [
      'an origin that is gone',
      (ids) => `update audit set origin = null where id = ${ids[3]}`,
      ['4 the row or its seal was changed'],
    ],
    ['a row that is gone', (ids) => `delete from audit where id = ${ids[1]}`, ['2 the row is gone']],
    [
      'two rows that were exchanged',
      (ids) =>
        `update audit_seals set audit_id = case audit_id when ${ids[1]} then -${ids[2]} else -${ids[1]} end where audit_id in (${ids[1]}, ${ids[2]}); update audit_seals set audit_id = -audit_id where audit_id < 0`,
      ['2 the row or its seal was changed', '3 the row or its seal was changed'],
    ],
    [
      'another seal',
      () => `update audit_seals set hash = sha256('x') where position = 3`,
      ['3 the row or its seal was changed', '4 the row or its seal was changed'],
    ],
    [
      'a row that is gone with its seal',
      (ids) => `delete from audit where id = ${ids[2]}; delete from audit_seals where position = 3`,
      ['4 seals before this one are gone'],
    ],
    [
      'a row that is gone with its seal, the others moved up',
      (ids) =>
        `delete from audit where id = ${ids[2]}; delete from audit_seals where position = 3; update audit_seals set position = position - 1 where position > 3; update audit_head set position = position - 1`,
      ['3 the row or its seal was changed'],
    ],
    [
      'the newest rows that are gone with their seals',
      (ids) => `delete from audit where id >= ${ids[3]}; delete from audit_seals where position > 3`,
      ['5 the chain does not end where its head says'],
    ],
    [
      'a seal that was added',
      () => `insert into audit_seals values (6, 999999, sha256('x'))`,
      ['5 the chain does not end where its head says', '6 the row is gone'],
    ],
    ['a head that is gone', () => 'delete from audit_head', ['null the chain does not end where its head says']],
    ['everything that is gone', () => 'truncate audit, audit_seals', ['5 the chain does not end where its head says']],
  ]
  test.each(cases)('%s', async (_name, damage, expected) => {
    const ids = await written(5)
    await seal()
    try {
      await tamper(damage(ids))
      const found = (await faults()).map(({ position, fault }) => `${position} ${fault}`)
      expect(found).toEqual(expected)
      expect(await chainLine()).toMatchObject({ wrong: expected.length })
    } finally {
      await tamper('insert into audit_head default values on conflict do nothing')
    }
  })

  test('a row put in between, where no row can come any more', async () => {
    const ids = await written(5)
    await tamper(`update audit set at = at - interval '1 hour'`)
    await seal()
    const [head] = await app.sql`select low_water from audit_head`
    expect(head!.lowWater).toBe(ids[4])
    await tamper(
      `insert into audit (id, actor, action) overriding system value values (${ids[0]! - 1}, 'webhook', 'order.paid')`,
    )
    await seal()
    expect(await faults()).toEqual([{ position: null, auditId: ids[0]! - 1, fault: 'the row has no seal' }])
  })

  test('rows that nobody sealed for ten minutes', async () => {
    const [first] = await written(1)
    await tamper(`update audit set at = at - interval '11 minutes'`)
    expect(await faults()).toEqual([])
    await written(1)
    expect(await faults()).toEqual([{ position: null, auditId: first, fault: 'the row has no seal' }])
    await seal()
    expect(await faults()).toEqual([])
  })

  test('and `npm run invariants` prints it with the seal and the row', async () => {
    const ids = await written(3)
    await seal()
    await tamper(`update audit set action = 'nothing' where id = ${ids[1]}`)
    const printed = printReport(await checkInvariants(app.sql))
    expect(printed).toContain('✗ I23 no row of the audit was changed, taken out or put in: 3 audit rows, 1 wrong')
    expect(printed).toContain(`seal 2 row ${ids[1]}: the row or its seal was changed`)
  })

  test('a chain made anew from its beginning does not agree with what the log said before', async () => {
    const lines: string[] = []
    const log = createLog('info', { write: (line) => lines.push(line) })
    const ids = await written(3)
    await sealAudit({ sql: app.sql, log })
    await tamper(
      `update audit set actor = 'somebody' where id = ${ids[0]}; truncate audit_seals; update audit_head set position = 0, hash = '', low_water = 0`,
    )
    await seal()
    expect(await faults()).toEqual([])
    const told = JSON.parse(lines[0]!) as { position: number; head: string }
    const [now] = await app.sql`select encode(hash, 'hex') as hash from audit_seals where position = ${told.position}`
    expect(now!.hash).not.toBe(told.head)
  })
})
