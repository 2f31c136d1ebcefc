import { seedDemo } from '../demo.ts'
import { readSettings } from '../environment.ts'
import { withDatabase } from '../house.ts'
import { connect } from '../platform/db.ts'
import { migrate } from '../platform/migrate.ts'

const settings = readSettings()
if (settings.production) {
  console.error('The demo data is not for production. Use `npm run admin` to make an administrator.')
  process.exit(1)
}

await withDatabase(settings, async (url) => {
  await migrate(url)
  const sql = connect(url, { max: 1 })
  const admin = await seedDemo(sql)
  console.log(
    admin.password
      ? `admin ${admin.username}, password ${admin.password}`
      : `the admin ${admin.username} exists already`,
  )
  await sql.end({ timeout: 5 })
})
