import { NotEmpty, recheckOrders, restore } from '../operations/backup/restore.ts'
import { Unclear } from '../operations/backup/swap.ts'
import { readSettings } from '../platform/environment.ts'
import { masked } from '../platform/log.ts'
import { parseArguments } from './arguments.ts'

const usage = `Restore a backup (docs/operating.md has the drill):
  npm run restore -- FILE --into postgresql://…/database
      into an empty database
      --overwrite         also into one that holds something, which is kept under another name
      --end-connections   also while a site is connected to it
      --without-manifest  a .dump whose .manifest.json is lost
  npm run restore -- --look-again 3 --into postgresql://…/database
      makes the reconciler ask Cashfree about every unpaid order of the last 3 days`

const { values, positionals } = parseArguments(usage, {
  allowPositionals: true,
  options: {
    into: { type: 'string' },
    overwrite: { type: 'boolean', default: false },
    'end-connections': { type: 'boolean', default: false },
    'without-manifest': { type: 'boolean', default: false },
    'look-again': { type: 'string' },
  },
})
const [file] = positionals
let restored = false
const days = values['look-again'] === undefined ? null : Number(values['look-again'])
const { pgDump } = readSettings().operations

if (
  values.into === undefined ||
  (file === undefined && days === null) ||
  (days !== null && !(days > 0 && days <= 365))
) {
  console.error(usage)
  process.exitCode = 1
} else await work(values.into).catch(refuse)

async function work(into: string): Promise<void> {
  if (file !== undefined) {
    const kept = await restore({
      file,
      into,
      overwrite: values.overwrite,
      endConnections: values['end-connections'],
      withoutManifest: values['without-manifest'],
      pgDump,
      log: (line) => console.log(line),
    })
    if (kept !== null) console.log(`The database before is kept as ${kept}. When you no longer need it: dropdb ${kept}`)
    console.log('Restored, and brought to this release. Now run `npm run doctor` and `npm run invariants` against it.')
  }
  restored = file !== undefined
  if (days !== null) console.log(`${await recheckOrders(into, Math.ceil(days))} orders will be asked about again.`)
}

function refuse(error: Error): void {
  const advice =
    error instanceof NotEmpty ? ' Choose an empty one, or use --overwrite: it is then kept under another name.' : ''
  const state =
    error instanceof Unclear
      ? 'Check the database before you go on'
      : restored
        ? 'Restored, but orders are not asked about again'
        : 'Nothing was changed'
  console.error(`${state}: ${masked(error.message)}${advice}`)
  process.exitCode = 1
}
