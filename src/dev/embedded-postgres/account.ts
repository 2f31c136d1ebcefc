import { existsSync, readFileSync, statSync } from 'node:fs'
import { chmod, chown, writeFile } from 'node:fs/promises'

export interface Account {
  name: string
  uid: number
  gid: number
}

/** The unprivileged account that owns the cluster or will own it: `postgres` where it exists, else `nobody`. Throws when there is none. */
export function accountOwning(cluster: string): Account {
  const accounts = readAccounts()
  if (existsSync(cluster)) {
    // The owner stays, although an account named postgres may appear later with the distribution's own package.
    const { uid, gid } = statSync(cluster)
    const owner = accounts.find((account) => account.uid === uid)
    if (uid !== 0 && owner) return { ...owner, gid }
  }
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const found = accounts.find((account) => account.name === name)
    if (found) return found
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and this machine has no account "postgres" or "nobody" to run it. ' +
      'Run as another user, or set DATABASE_URL to a PostgreSQL of your own.',
  )
}

/** Writes a file that only this account may read, or we ourselves where there is none. */
export async function writePrivately(file: string, text: string, account: Account | null): Promise<void> {
  await writeFile(file, text, { mode: 0o600 })
  // One that was there before kept its mode.
  await chmod(file, 0o600)
  if (account) await chown(file, account.uid, account.gid)
}

function readAccounts(): Account[] {
  if (!existsSync('/etc/passwd')) return []
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => fields.length >= 4)
    .map(([name, , uid, gid]) => ({ name: name!, uid: Number(uid), gid: Number(gid) }))
}
