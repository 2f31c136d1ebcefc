import { join, resolve } from 'node:path'
import { withDatabase } from '../dev/services.ts'
import { makeBackup } from '../operations/backup/backup.ts'
import { readSettings, root } from '../platform/environment.ts'
import { masked } from '../platform/log.ts'
import { parseArguments } from './arguments.ts'

const usage = `Make one backup file and prove it by restoring it beside the original; exit code 1 when it is not good:
  npm run backup              into BACKUP_DIR, or .data/backups
  npm run backup -- --to DIR  into this folder`

const { values } = parseArguments(usage, { options: { to: { type: 'string' } } })
const config = readSettings()
const recordDir = config.operations.backupDir ?? join(root, '.data', 'backups')
const started = Date.now()

await withDatabase(config, (url) =>
  makeBackup({
    url,
    dir: values.to === undefined ? recordDir : resolve(values.to),
    recordDir,
    pgDump: config.operations.pgDump,
    log: (line) => console.log(line),
  }).then(
    ({ proof }) =>
      console.log(
        `▸ ${proof}. Done in ${((Date.now() - started) / 1000).toFixed(1)} s. Keep a copy on another machine.`,
      ),
    (error: Error) => {
      console.error(`The backup failed: ${masked(error.message)}`)
      process.exitCode = 1
    },
  ),
)
