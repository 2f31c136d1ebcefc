import { readSettings } from '../environment.ts'
import { withDatabase } from '../house.ts'
import { migrate } from '../platform/migrate.ts'

await withDatabase(readSettings(), async (url) => {
  const applied = await migrate(url)
  console.log(applied.length > 0 ? applied.map((name) => `applied ${name}`).join('\n') : 'the database is up to date')
})
