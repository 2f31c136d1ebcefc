import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { makeBackup } from '../backup/backup.ts'
import { readSettings, root } from '../environment.ts'
import { withDatabase } from '../house.ts'
import { masked } from '../platform/log.ts'

// `npm run backup [-- --to DIR]`: one file, proved by restoring it beside the original. Exit code 1 when it is not good.
const { values } = parseArgs({ options: { to: { type: 'string' } } })
const config = readSettings()
const recordDir = config.operations.backupDir ?? join(root, '.data', 'backups')
const started = Date.now()

await withDatabase(config, (url) =>
  makeBackup({
    url,
    dir: values.to === undefined ? recordDir : resolve(values.to),
    recordDir,
    pgDump: config.operations.pgDump,
    say: (line) => console.log(line),
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
