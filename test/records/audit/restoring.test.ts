import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeBackup } from '../../../src/operations/backup/backup.ts'
import { restore } from '../../../src/operations/backup/restore.ts'
import { connect } from '../../../src/platform/db.ts'
import { migrate } from '../../../src/platform/migrate.ts'
import { sealAudit } from '../../../src/records/audit/audit.ts'
import { auditHead, verifyAudit } from '../../../src/records/audit/queries.ts'
import { emptyDatabase, folder, installedPostgres, onServer, startInstalledPostgres } from '../../operations/places.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/books.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
const places: { drop: () => Promise<void> }[] = []
beforeAll(async () => {
  app = await startApp()
  const visitor = new Visitor(app)
  const order = await newestOrder(app, (await visitor.register()).email!)
  app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  await app.run('seal-audit')
  // Not sealed yet when the backup is made.
  await app.sql`insert into audit (actor, action) values ('test', 'just.now')`
})
afterAll(async () => {
  for (const place of places) await place.drop()
  await app.close()
})

async function backup(url = app.databaseUrl, pgDump: string | null = null) {
  const dir = folder()
  return makeBackup({ url, dir, recordDir: dir, pgDump, say: () => {} })
}

async function empty() {
  const place = await emptyDatabase(app.databaseUrl)
  places.push(place)
  return place.url
}

/** The chain there goes on from the very seal it had, refuses to be rewritten, and says so when it was. */
async function goesOn(url: string, from: { position: number; hash: string }) {
  const sql = connect(url, { max: 2 })
  try {
    expect(await auditHead(sql)).toEqual(from)
    expect(await verifyAudit(sql)).toMatchObject({ looked: from.position, wrong: 0 })
    await sql`insert into audit (actor, action) values ('test', 'after restore')`
    expect(await sealAudit({ sql, log: app.deps.log })).toBe(2)
    expect(await verifyAudit(sql)).toMatchObject({ looked: from.position + 2, wrong: 0 })
    for (const statement of ['delete from audit', 'truncate audit_seals', 'delete from audit_head'])
      await expect(sql.unsafe(statement)).rejects.toThrow(/only ever added/)
    await sql.unsafe(
      `set local session_replication_role = replica; update audit set actor = 'x' where id = (select min(id) from audit)`,
    )
    expect(await verifyAudit(sql)).toMatchObject({ wrong: 1 })
  } finally {
    await sql.end()
  }
}

describe('a restored audit', () => {
  test('is the chain it was, and goes on', { timeout: 60_000 }, async () => {
    const made = await backup()
    expect(made.proof).toMatch(/restored and compared, \d+ checks of the books hold/)
    const into = await empty()
    await restore({ file: made.file, into, overwrite: false, pgDump: null })
    await goesOn(into, await auditHead(app.sql))
  })

  test('replaces another chain, whose rows refuse to be removed one by one', { timeout: 60_000 }, async () => {
    const made = await backup()
    const into = await empty()
    await migrate(into)
    await onServer(into, `insert into audit (actor, action) values ('other', 'x'); select seal_audit(10)`)
    await restore({ file: made.file, into, overwrite: true, pgDump: null })
    await goesOn(into, await auditHead(app.sql))
  })

  const bin = installedPostgres()
  test.skipIf(!bin)('by pg_dump is the chain it was, and goes on', { timeout: 60_000 }, async () => {
    const server = await startInstalledPostgres(bin!)
    try {
      await restore({ file: (await backup()).file, into: server.url, overwrite: true, pgDump: null })
      const made = await backup(server.url, join(bin!, 'pg_dump'))
      expect(made).toMatchObject({ tool: 'pg_dump', proof: expect.stringMatching(/checks of the books hold$/) })
      const place = await emptyDatabase(server.url)
      await restore({ file: made.file, into: place.url, overwrite: false, pgDump: join(bin!, 'pg_dump') })
      await goesOn(place.url, await auditHead(app.sql))
    } finally {
      await server.stop()
    }
  })
})
