import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  checkInvariants,
  checkWithWholeAudit,
  recordIntegrityCheck,
} from '../../../src/operations/integrity/integrity.ts'
import { printReport } from '../../../src/operations/integrity/print.ts'
import { verifiedHead } from '../../../src/records/audit/queries.ts'
import { advanceVerified, verifyNewAudit } from '../../../src/records/audit/verifying.ts'
import { startApp, type TestApp } from '../../support/app.ts'

let app: TestApp
let ids: number[]
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

/** What the owner of the server can do who switches the triggers off first. */
const tamper = (statement: string) => app.sql.unsafe(`set local session_replication_role = replica; ${statement}`)
const chainLine = async () => (await checkInvariants(app.sql)).checks.find(({ id }) => id === 'I23')!
const wholeLine = async () => (await checkWithWholeAudit(app.sql, () => {})).checks.find(({ id }) => id === 'I23')!
const write = async (count: number) => {
  const rows = await app.sql<{ id: number }[]>`
    insert into audit (actor, action, details) select 'test', 'act.' || n, '{}' from generate_series(1, ${count}) n returning id`
  await app.run('seal-audit')
  return rows.map(({ id }) => id)
}
const wholeNights = async () => {
  const [row] = await app.sql<{ count: number }[]>`
    select count(*)::int as count from audit where action = 'audit.verified-whole'`
  return row!.count
}

// Five rows below the head, five above it.
beforeEach(async () => {
  await tamper(`truncate audit, audit_seals; update audit_head set position = 0, hash = '', low_water = 0;
                update audit_verified set position = 0, hash = '', low_water = 0, verified_at = null, whole_at = null`)
  ids = await write(5)
  await advanceVerified(app.sql)
  ids.push(...(await write(4)))
})

describe('the nightly check goes on from where the audit was verified', () => {
  test('and looks at the new rows alone', async () => {
    expect(await verifiedHead(app.sql)).toMatchObject({ position: 5, onRecord: true, wholeAt: null })
    expect(await chainLine()).toMatchObject({ looked: 5, wrong: 0 })
    await recordIntegrityCheck(app.sql)
    expect(await verifiedHead(app.sql)).toMatchObject({ position: 10, onRecord: true })
    expect(await chainLine()).toMatchObject({ looked: 0, wrong: 0 })
    await app.run('seal-audit')
    expect(await chainLine()).toMatchObject({ looked: 1, wrong: 0 })
  })

  test('checks of others, as `npm run invariants` makes them, leave the head where it is', async () => {
    await checkInvariants(app.sql)
    expect(await verifiedHead(app.sql)).toMatchObject({ position: 5 })
  })

  test('each move of the head is on record, with the seal it stands at', async () => {
    const rows = await app.sql`
      select a.details ->> 'hash' = encode(s.hash, 'hex') as same from audit a
      join audit_seals s on s.position = (a.details ->> 'position')::bigint where a.action = 'audit.verified'`
    expect(rows).toEqual([{ same: true }])
  })

  test('goes piece by piece, each from the seal before it', async () => {
    await write(120_000)
    const verdict = await verifyNewAudit(app.sql)
    expect(verdict).toMatchObject({ looked: 120_005, wrong: 0 })
    await tamper(
      `update audit set actor = 'somebody' where id in (select audit_id from audit_seals where position in (50005, 50006, 110000))`,
    )
    expect((await verifyNewAudit(app.sql)).faults.map(({ position }) => position)).toEqual([50_005, 50_006, 110_000])
    await advanceVerified(app.sql)
    expect((await verifiedHead(app.sql)).position).toBe(5)
  })
})

describe('what is changed behind our back', () => {
  test('above the head is found every night, and the head does not pass it', async () => {
    await tamper(`update audit set actor = 'somebody' where id = ${ids[7]}`)
    for (let night = 0; night < 2; night++) {
      const report = await recordIntegrityCheck(app.sql)
      expect(report.checks.find(({ id }) => id === 'I23')).toMatchObject({
        wrong: 1,
        ids: [`seal 9 row ${ids[7]}: the row or its seal was changed`],
      })
    }
    expect((await verifiedHead(app.sql)).position).toBe(5)
  })

  test('below the head is found by the whole verification', async () => {
    await tamper(`update audit set actor = 'somebody' where id = ${ids[1]}`)
    expect(await chainLine()).toMatchObject({ wrong: 0 })
    expect(await wholeLine()).toMatchObject({
      wrong: 1,
      ids: [`seal 2 row ${ids[1]}: the row or its seal was changed`],
    })
    expect(await wholeNights()).toBe(0)
  })

  test('a row taken out or put in below the head too', async () => {
    await tamper(`update audit_head set low_water = ${ids[8]}; update audit_verified set low_water = ${ids[4]};
                  delete from audit where id = ${ids[0]};
                  insert into audit (id, actor, action) overriding system value values (${ids[0]! - 1}, 'x', 'order.paid')`)
    expect(await chainLine()).toMatchObject({ wrong: 0 })
    expect((await wholeLine()).ids).toEqual([
      `seal 1 row ${ids[0]}: the row is gone`,
      `row ${ids[0]! - 1}: the row has no seal`,
    ])
  })

  test('the seal at the head itself is compared every night', async () => {
    await tamper(`update audit_seals set hash = sha256('x') where position = 5`)
    expect((await chainLine()).ids).toEqual(['seal 5: the seal up to which it was verified is gone or another'])
  })

  test('a chain made anew, longer than before, does not agree with the head', async () => {
    await tamper(`update audit set actor = 'somebody' where id = ${ids[0]};
                  truncate audit_seals; update audit_head set position = 0, hash = '', low_water = 0`)
    await app.run('seal-audit')
    expect((await chainLine()).ids[0]).toBe('seal 5: the seal up to which it was verified is gone or another')
  })

  test('a head that was moved over the change by hand is not on record, and stays a fault', async () => {
    await tamper(`update audit set actor = 'somebody' where id = ${ids[7]};
                  update audit_verified set position = 10, hash = (select hash from audit_seals where position = 10)`)
    const report = await recordIntegrityCheck(app.sql)
    expect(report.checks.find(({ id }) => id === 'I23')).toMatchObject({
      wrong: 1,
      ids: ['seal 10: the verified head was moved, and the audit does not say so'],
    })
    expect(await wholeLine()).toMatchObject({ wrong: 1 })
  })
})

describe('the whole verification', () => {
  test('is put on record, and the report says when it was', async () => {
    expect(printReport(await checkInvariants(app.sql))).toMatch(
      /verified from seal 5 on; before that on \d{4}-.*never whole at once/,
    )
    expect(printReport(await checkWithWholeAudit(app.sql, () => {}))).toContain('verified whole, from its first row')
    expect(await wholeNights()).toBe(1)
    expect(printReport(await checkInvariants(app.sql))).toMatch(/whole on \d{4}-\d\d-\d\d/)
  })

  test('is a command that says how far it is, and ends with 1 when something does not agree', () => {
    const command = join(import.meta.dirname, '..', '..', '..', 'src', 'commands', 'invariants.ts')
    const { PATH, HOME } = process.env
    const run = () =>
      spawnSync(process.execPath, [command, '--whole-audit'], {
        env: { PATH, HOME, DATABASE_URL: app.databaseUrl, LOG_LEVEL: 'silent' } as NodeJS.ProcessEnv,
        encoding: 'utf8',
      })
    const good = run()
    expect(`${good.status} ${good.stderr}`).toMatch(/^0[\s\S]*10 rows of the audit verified/)
    expect(good.stdout).toContain('10 audit rows, 0 wrong')
  })
})
