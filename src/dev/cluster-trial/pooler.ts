import { join } from 'node:path'
import { writePrivately } from '../embedded-postgres/account.ts'
import { freePort } from '../free-port.ts'
import { serveInBackground } from './background.ts'
import type { Server } from './server.ts'

/** PgBouncer before one server. It never follows a primary: which one leads the product finds out itself. */
export type Pooler = { port: number; stop(): Promise<void> }

/** Starts PgBouncer in transaction mode before this server, for the role `etf` and its database. */
export async function startPooler(
  program: string,
  { server, password, logs }: { server: Server; password: string; logs: string },
): Promise<Pooler> {
  const port = await freePort()
  const { home, account } = server.place
  const users = join(home, 'pgbouncer-users.txt')
  await writePrivately(users, `"etf" "${password}"\n`, account)
  const settings = join(home, 'pgbouncer.ini')
  await writePrivately(
    settings,
    `[databases]
etf = host=127.0.0.1 port=${server.port} dbname=etf

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
max_client_conn = 500
default_pool_size = 30
# A server that is away is looked for every second, and nobody waits for it longer than the product would.
server_login_retry = 1
server_connect_timeout = 3
query_wait_timeout = 4
server_fast_close = 1
`,
    account,
  )
  const logFile = join(logs, `pgbouncer-${server.name}.log`)
  const { stop } = await serveInBackground(program, { args: [settings], place: server.place, port, logFile })
  return { port, stop }
}
