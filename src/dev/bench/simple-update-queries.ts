import pg from 'pg'
import type { Sql } from '../../platform/db.ts'

const accounts = 200_000

/** The tables of pgbench's simple update, filled as `pgbench -i` fills them, for machines without it. */
export async function makeAccounts(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create table if not exists bench_accounts (aid integer primary key, bid integer, abalance integer, filler character(84)) with (fillfactor = 100);
    create table if not exists bench_history (tid integer, bid integer, aid integer, delta integer, mtime timestamp, filler character(22));
    insert into bench_accounts select n, 1, 0, '' from generate_series(1, ${accounts}) n on conflict do nothing;
    analyze bench_accounts`)
}

/** One transaction of `pgbench -N`: update, select, insert, in one message. */
export function simpleUpdate(client: pg.Client): Promise<unknown> {
  const aid = 1 + Math.floor(Math.random() * accounts)
  return client.query(`begin;
    update bench_accounts set abalance = abalance + 1 where aid = ${aid};
    select abalance from bench_accounts where aid = ${aid};
    insert into bench_history (tid, bid, aid, delta, mtime) values (1, 1, ${aid}, 1, current_timestamp);
    end`)
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
