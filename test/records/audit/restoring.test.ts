import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { restore } from '../../../src/operations/backup/restore.ts'
import { connect } from '../../../src/platform/db.ts'
import { migrate } from '../../../src/platform/migrate.ts'
import { sealAudit } from '../../../src/records/audit/audit.ts'
import { auditHead } from '../../../src/records/audit/queries.ts'
import { verifyAudit } from '../../../src/records/audit/verifying.ts'
import {
  backUp,
  emptyDatabase,
  emptyDatabases,
  installedPostgres,
  onServer,
  payer,
  startInstalledPostgres,
} from '../../operations/databases.ts'
import { startApp, type TestApp } from '../../support/app.ts'

let app: TestApp
const databases = emptyDatabases(() => app.databaseUrl)
beforeAll(async () => {
  app = await startApp()
  await payer(app)
  await app.run('seal-audit')
  // Not sealed yet when the backup is made.
  await app.sql`insert into audit (actor, action) values ('test', 'just.now')`
})
afterAll(async () => {
  await databases.drop()
  await app.close()
})

/** The chain there goes on from the very seal it had, refuses to be rewritten, and says so when it was. */
async function goesOn(url: string, from: { position: number; hash: string }) {
  const sql = connect(url, { max: 2 })
  try {
    expect(await auditHead(sql)).toEqual(from)
    expect(await verifyAudit(sql)).toMatchObject({ looked: from.position, wrong: 0 })
    await sql`insert into audit (actor, action) values ('test', 'after restore')`
    expect(await sealAudit({ sql, log: app.services.log })).toBe(2)
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
    const { made } = await backUp(app.databaseUrl)
    expect(made.proof).toMatch(/restored and compared, \d+ checks of the books hold/)
    const into = await databases.make()
    await restore({ file: made.file, into, overwrite: false, pgDump: null })
    await goesOn(into, await auditHead(app.sql))
  })

  test('replaces another chain, whose rows refuse to be removed one by one', { timeout: 60_000 }, async () => {
    const { made } = await backUp(app.databaseUrl)
    const into = await databases.make()
    await migrate(into)
    await onServer(into, `insert into audit (actor, action) values ('other', 'x'); select seal_audit(10)`)
    await restore({ file: made.file, into, overwrite: true, pgDump: null })
    await goesOn(into, await auditHead(app.sql))
  })

  const bin = installedPostgres()
  test.skipIf(!bin)('by pg_dump is the chain it was, and goes on', { timeout: 60_000 }, async () => {
    const server = await startInstalledPostgres(bin!)
    try {
      await restore({
        file: (await backUp(app.databaseUrl)).made.file,
        into: server.url,
        overwrite: true,
        pgDump: null,
      })
      const { made } = await backUp(server.url, { pgDump: join(bin!, 'pg_dump') })
      expect(made).toMatchObject({ tool: 'pg_dump', proof: expect.stringMatching(/checks of the books hold$/) })
      const place = await emptyDatabase(server.url)
      await restore({ file: made.file, into: place.url, overwrite: false, pgDump: join(bin!, 'pg_dump') })
      await goesOn(place.url, await auditHead(app.sql))
    } finally {
      await server.stop()
    }
  })
})
