import { continueNumbering, readNumbering } from '../billing/receipts/queries.ts'
import { withDatabase } from '../dev/services.ts'
import { connect } from '../platform/db.ts'
import { readSettings } from '../platform/environment.ts'
import { prepareDatabase } from '../platform/migrate.ts'
import { parseArguments } from './arguments.ts'

const usage = `Whether receipts and credit notes get numbers; after a failover to a replica that may lack some, they wait for you:
  npm run numbering
  npm run numbering -- --receipt R2627-000123 --credit-note C2627-000007   goes on above the highest numbers that were mailed
  npm run numbering -- --nothing-lost                                      goes on from where the series is`

const { values } = parseArguments(usage, {
  options: {
    receipt: { type: 'string' },
    'credit-note': { type: 'string' },
    'nothing-lost': { type: 'boolean', default: false },
  },
})

await withDatabase(readSettings(), async (url) => {
  await prepareDatabase(url)
  const sql = connect(url, { max: 1, name: 'etf-numbering' })
  try {
    const { receipt, 'credit-note': creditNote } = values
    if (receipt || creditNote || values['nothing-lost']) {
      const skipped = await continueNumbering(sql, { receipt: receipt ?? null, creditNote: creditNote ?? null })
      console.log(
        skipped === 0
          ? 'Numbers are given again, without a gap.'
          : `Numbers are given again. Skipped and noted as lost: ${skipped}. Tell your accountant.`,
      )
    }
    const last = await readNumbering(sql)
    console.log(`Last numbers here: ${last.receipt ?? 'no receipt'}, ${last.creditNote ?? 'no credit note'}`)
    console.log(last.waits ? `Numbers HAVE BEEN WAITING since a failover.\n\n${usage}` : 'Numbers are given.')
    if (last.waits) process.exitCode = 1
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 1
  } finally {
    await sql.end({ timeout: 5 })
  }
})
