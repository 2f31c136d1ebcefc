import { access, constants, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type LastBackup, readLastBackup } from '../backup/record.ts'
import type { DoctorContext } from './context.ts'
import { type Finding, failure, ok, warning } from './finding.ts'

const gigabyte = 2 ** 30
const hourMs = 3600_000

/** This machine: its Node, its disks, its backups. */
export async function checkMachine({ config, root, backupDir }: DoctorContext): Promise<Finding[]> {
  const places = [root, dirname(resolve(config.operations.paymentsLog ?? root)), backupDir]
  return [
    nodeVersion(process.versions.node),
    ...(await disks(places)),
    ...(config.operations.paymentsLog ? [await paymentsLog(config.operations.paymentsLog)] : []),
    backups(await readLastBackup(backupDir), config.production, Date.now()),
  ]
}

function nodeVersion(version: string): Finding {
  return Number.parseInt(version, 10) >= 24
    ? ok('Node', version)
    : failure(
        'Node',
        `${version} is too old`,
        'Start through npm (`npm start`), which brings Node 24, or install Node 24.',
      )
}

async function disks(places: string[]): Promise<Finding[]> {
  const found = await Promise.all(
    [...new Set(places)].map(async (place) => {
      const disk = await statfs(place).catch(() => null)
      return disk && { free: disk.bavail * disk.bsize, part: disk.bavail / disk.blocks, place }
    }),
  )
  const known = found.filter((disk) => disk !== null)
  const least = known.toSorted((a, b) => a.free - b.free)[0]
  if (!least) return [warning('disk', 'could not be measured', 'Check with `df -h`.')]
  const says = `${(least.free / gigabyte).toFixed(1)} GB free at ${least.place}`
  if (least.free < gigabyte / 4)
    return [failure('disk', says, 'Make room now: PostgreSQL stops when its disk is full.')]
  if (least.free < 2 * gigabyte) return [warning('disk', says, 'Make room: old backups and logs first.')]
  return [ok('disk', says)]
}

async function paymentsLog(file: string): Promise<Finding> {
  const about = 'payment log'
  const exists = await access(file).then(
    () => true,
    () => false,
  )
  const writable = await access(exists ? file : dirname(resolve(file)), constants.W_OK).then(
    () => true,
    () => false,
  )
  return writable
    ? ok(about, `kept in ${file}`)
    : failure(
        about,
        `${file} cannot be written`,
        'Give the service’s account the right to write there, or change PAYMENTS_LOG.',
      )
}

function backups(last: LastBackup | null, production: boolean, now: number): Finding {
  const about = 'backup'
  const todo = 'Run `npm run backup` every day, by cron or a timer, and keep copies on another machine.'
  if (!last)
    return production
      ? warning(about, 'none is known here', todo)
      : ok(about, 'none is known here; none is needed in development')
  const hours = Math.floor((now - Date.parse(last.at)) / hourMs)
  const says = `${hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`} old, ${last.rows} rows, ${last.proof}`
  if (!production || hours < 26) return ok(about, says)
  return hours < 24 * 7 ? warning(about, says, todo) : failure(about, says, todo)
}
