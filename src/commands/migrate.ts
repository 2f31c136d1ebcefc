import { parseArgs } from 'node:util'
import { readSettings } from '../environment.ts'
import { withDatabase } from '../house.ts'
import { prepareJobs } from '../platform/jobs.ts'
import { masked } from '../platform/log.ts'
import { migrate } from '../platform/migrate.ts'
import { grantToApp } from '../platform/roles.ts'

// `npm run migrate`: brings the database to this release. `-- --app-role NAME`, with the owner's DATABASE_URL, also gives
// the application's own role what it needs and no more (docs/operating.md, "Two roles").
const { values } = parseArgs({ options: { 'app-role': { type: 'string' } } })

await withDatabase(readSettings(), work).catch((error: Error) => {
  console.error(`The database was not brought to this release: ${masked(error.message)}`)
  process.exitCode = 1
})

async function work(url: string): Promise<void> {
  const applied = await migrate(url)
  console.log(applied.length > 0 ? applied.map((name) => `applied ${name}`).join('\n') : 'the database is up to date')
  const role = values['app-role']
  if (role === undefined) return
  await prepareJobs(url)
  await grantToApp(url, role)
  console.log(`${role} may do what the site does; it may change neither the audit, the receipts nor any table`)
}
