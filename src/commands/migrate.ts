import { withDatabase } from '../dev/services.ts'
import { grantToApp } from '../platform/database-roles.ts'
import { readSettings } from '../platform/environment.ts'
import { prepareJobs } from '../platform/jobs.ts'
import { masked } from '../platform/log.ts'
import { migrate, OlderThanDatabase } from '../platform/migrate.ts'
import { planMigrations, printPlan } from '../platform/migration-plan.ts'
import { parseArguments } from './arguments.ts'

const usage = `Bring the database to this release; exit code 1 when it is of a newer one:
  npm run migrate
  npm run migrate -- --plan                     says what it would do and which tables it would lock, and changes nothing
  npm run migrate -- --app-role NAME            also gives the application's own role what it needs and no more
  npm run migrate -- --replace-newer-functions  goes back to this release on purpose (docs/operating.md, "Releases")`

const { values } = parseArguments(usage, {
  options: {
    plan: { type: 'boolean' },
    'app-role': { type: 'string' },
    'replace-newer-functions': { type: 'boolean' },
  },
})

await withDatabase(readSettings(), work).catch((error: Error) => {
  const failed =
    error instanceof OlderThanDatabase ? 'Nothing was changed' : 'The database was not brought to this release'
  console.error(`${failed}: ${masked(error.message)}`)
  process.exitCode = 1
})

async function work(url: string): Promise<void> {
  if (values.plan) return console.log(printPlan(await planMigrations(url)))
  const applied = await migrate(url, { replaceNewerFunctions: values['replace-newer-functions'] === true })
  console.log(applied.length > 0 ? applied.map((name) => `applied ${name}`).join('\n') : 'The database is up to date')
  const role = values['app-role']
  if (role === undefined) return
  await prepareJobs(url)
  await grantToApp(url, role)
  console.log(`${role} may do what the site does; it may change neither the audit, the receipts nor any table`)
}
