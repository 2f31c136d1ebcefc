import { withDatabase } from '../dev/services.ts'
import { checkInvariants, checkWithWholeAudit } from '../operations/integrity/integrity.ts'
import { elsewhere } from '../operations/integrity/invariants.ts'
import { printReport } from '../operations/integrity/print.ts'
import { connect } from '../platform/db.ts'
import { readSettings } from '../platform/environment.ts'
import { prepareDatabase } from '../platform/migrate.ts'
import { parseArguments } from './arguments.ts'

const usage = `Check the integrity of the data; exit code 1 when something is wrong:
  npm run invariants
  npm run invariants -- --whole-audit  also verifies the audit from its first row on: five seconds for a million rows
  npm run invariants -- --json         for machines`

const { values } = parseArguments(usage, {
  options: { json: { type: 'boolean', default: false }, 'whole-audit': { type: 'boolean', default: false } },
})

await withDatabase(readSettings(), async (url) => {
  await prepareDatabase(url)
  const sql = connect(url, { max: 1, name: 'etf-invariants' })
  try {
    const report = await (values['whole-audit'] ? checkWithWholeAudit(sql, sayProgress) : checkInvariants(sql))
    console.log(values.json ? JSON.stringify({ ...report, elsewhere }, null, 2) : printReport(report))
    if (report.broken > 0) process.exitCode = 1
  } finally {
    await sql.end({ timeout: 5 })
  }
})

function sayProgress(looked: number): void {
  console.error(`  ${looked.toLocaleString('en-IN')} rows of the audit verified`)
}
