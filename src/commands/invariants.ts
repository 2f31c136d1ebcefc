import { parseArgs } from 'node:util'
import { withDatabase } from '../dev/services.ts'
import { checkInvariants } from '../operations/integrity/integrity.ts'
import { elsewhere } from '../operations/integrity/invariants.ts'
import { printReport } from '../operations/integrity/print.ts'
import { connect } from '../platform/db.ts'
import { readSettings } from '../platform/environment.ts'
import { prepareDatabase } from '../platform/migrate.ts'

// `npm run invariants`: checks the integrity of the data and exits with 1 when something is wrong; `-- --json` for machines.
const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })

await withDatabase(readSettings(), async (url) => {
  await prepareDatabase(url)
  const sql = connect(url, { max: 1, name: 'etf-invariants' })
  try {
    const report = await checkInvariants(sql)
    console.log(values.json ? JSON.stringify({ ...report, elsewhere }, null, 2) : printReport(report))
    if (report.broken > 0) process.exitCode = 1
  } finally {
    await sql.end({ timeout: 5 })
  }
})
