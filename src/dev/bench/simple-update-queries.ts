import pg from 'pg'
import type { Sql } from '../../platform/db.ts'

const accounts = 200_000

/** The tables of pgbench's simple update, filled as `pgbench -i -s 2` fills them, whether or not it is installed. */
export async function makeAccounts(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create table pgbench_branches (bid integer primary key, bbalance integer, filler character(88));
    create table pgbench_accounts (aid integer primary key, bid integer, abalance integer, filler character(84));
    create table pgbench_history (tid integer, bid integer, aid integer, delta integer, mtime timestamp, filler character(22));
    insert into pgbench_branches values (1, 0, ''), (2, 0, '');
    insert into pgbench_accounts select n, 1, 0, '' from generate_series(1, ${accounts}) n;
    analyze pgbench_accounts`)
}

/** The transaction of `pgbench -N -M prepared`: five statements, each sent when the one before was answered. */
export async function simpleUpdate(client: pg.Client): Promise<void> {
  const aid = 1 + Math.floor(Math.random() * accounts)
  await client.query('begin')
  await client.query({
    name: 'update',
    text: 'update pgbench_accounts set abalance = abalance + $1 where aid = $2',
    values: [1, aid],
  })
  await client.query({ name: 'select', text: 'select abalance from pgbench_accounts where aid = $1', values: [aid] })
  await client.query({
    name: 'insert',
    text: 'insert into pgbench_history (tid, bid, aid, delta, mtime) values ($1, $2, $3, $4, current_timestamp)',
    values: [1, 1, aid, 1],
  })
  await client.query('end')
}

/** So many bare connections. */
export async function connectBare(url: string, count: number): Promise<pg.Client[]> {
  const clients = Array.from({ length: count }, () => new pg.Client(url))
  await Promise.all(clients.map((client) => client.connect()))
  return clients
}

/** How many of the database's updates of the tables of a payment left all indexes alone (HOT), as a sentence. */
export async function hotUpdates(sql: Sql): Promise<string> {
  const rows = await sql<{ table: string; updates: number; hot: number }[]>`
    select relname as table, n_tup_upd::int as updates, n_tup_hot_upd::int as hot from pg_stat_user_tables
    where relname in ('orders', 'payments', 'subscriptions', 'mails', 'webhook_events') order by relname`
  return `updates, and those that left all indexes alone: ${rows.map(({ table, updates, hot }) => `${table} ${updates}, ${hot}`).join('; ')}`
}
