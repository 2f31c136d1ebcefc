import { setTimeout as pause } from 'node:timers/promises'
import { vi } from 'vitest'
import type { Sandbox } from '../../src/dev/cashfree-sandbox/sandbox.ts'
import { hashPassword } from '../../src/identity/passwords/passwords.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import { freshDatabase } from '../support/database.ts'
import { startCashfree } from '../support/services.ts'
import type { Instance } from './instance.ts'

export type PropertyFixture = {
  sql: Sql
  sandbox: Sandbox
  instances: [Instance, Instance]
  apiBase: string
  /** Two administrators, as the audit's actors; and the hash of the password that everybody here has. */
  admins: [string, string]
  passwordHash: string
  /** Puts the newest version of every plan on sale, whatever the last sequence did to them. */
  stock: () => Promise<void>
  /** How many deadlocks the database has resolved by ending one of the two, those included whose error nobody shows. */
  deadlocks: () => Promise<number>
  /** Lets everything that waits for its time be due now, for instance an hour's pause before the next look. */
  makeDue: (userIds: string[]) => Promise<void>
  /** The next looks at these people's orders come tomorrow, so that later sequences are not slowed down by them. */
  leaveAlone: (userIds: string[]) => Promise<void>
  /** Waits until no endpoint is still settling what it answered 200 to. */
  endpointsQuiet: () => Promise<void>
  /** Empties the books and the look-alike, so that a long run does not slow down. */
  empty: () => Promise<void>
  close: () => Promise<void>
}

/** One database, the Cashfree look-alike, and two instances of the product that know nothing of each other. */
export async function openFixture(): Promise<PropertyFixture> {
  const database = await freshDatabase()
  const sandbox = await startCashfree({ collectSettleMs: 0, refundDelayMs: 0 })
  sandbox.control.webhooks({ url: 'http://127.0.0.1:1/nowhere', paused: true })
  const apiBase = `http://127.0.0.1:${sandbox.port}/pg`
  const restoreFetch = hideRateLimits()
  const instances = [await another(database.url, apiBase), await another(database.url, apiBase)] as [Instance, Instance]
  const sql = connect(database.url, { max: 2, name: 'property' })
  // Nobody pulls the plug here, and waiting for the disk would halve the number of sequences.
  await sql.unsafe(`alter database ${new URL(database.url).pathname.slice(1)} set synchronous_commit = off`)
  const passwordHash = await hashPassword(password)
  const admins = ['', ''] as [string, string]
  return {
    sql,
    sandbox,
    instances,
    apiBase,
    admins,
    passwordHash,
    stock: async () => {
      await sql`
        update plans p set on_sale = true, withdrawn_at = null
        where not exists (select from plans other where other.name = p.name and other.on_sale)
          and p.key = (select key from plans v where v.name = p.name order by created_at desc, key desc limit 1)`
    },
    deadlocks: async () => {
      const [row] = await sql<{ deadlocks: number }[]>`
        select deadlocks::int from pg_stat_database where datname = current_database()`
      return row!.deadlocks
    },
    makeDue: async (userIds) => {
      // In the order in which the product locks several orders of one person.
      await sql`with mine as (select id from orders where next_look_at > now() and user_id in ${sql(userIds)} order by id for update)
                update orders set next_look_at = now() where id in (select id from mine)`
      await sql`update refunds set next_look_at = now() where next_look_at > now() and user_id in ${sql(userIds)}`
      await sql`update disputes set next_look_at = now() where next_look_at > now() and user_id in ${sql(userIds)}`
      // Order by order, as the product marks them done: an endpoint may be doing that to two of them at this moment.
      await sql`with mine as (select e.id from webhook_events e join orders o on o.id = e.order_id
                              where o.user_id in ${sql(userIds)} and settled_at is null and next_settle_at > now()
                              order by e.order_id collate "C", e.id for update of e)
                update webhook_events set next_settle_at = now() where id in (select id from mine)`
    },
    leaveAlone: async (userIds) => {
      await sql`with mine as (select id from orders where user_id in ${sql(userIds)} order by id for update)
                update orders set next_look_at = next_look_at + interval '1 day' where id in (select id from mine)`
      await sql`update disputes set next_look_at = next_look_at + interval '1 day' where user_id in ${sql(userIds)}`
    },
    endpointsQuiet: async () => {
      // On a busy machine an endpoint may wait as long for Cashfree as it is let.
      for (const end = Date.now() + 15_000; Date.now() < end; await pause(3)) {
        const [busy] = await sql`
          select from webhook_events where accepted and settled_at is null and settle_attempts = 0 limit 1`
        if (!busy) return
      }
    },
    empty: async () => {
      // The tables are locked one by one, against whatever order a statement that still runs has locked its rows in: it is
      // let out first, or this would be a deadlock of nobody's but the test's own.
      await atRest(sql)
      // The audit refuses to be emptied, unless its triggers sleep.
      await sql.unsafe(`set local session_replication_role = replica;
        truncate users, sessions, orders, payments, subscriptions, subscription_periods, receipts,
        receipts_due, receipt_series, mails, incidents, audit, audit_seals, webhook_events, refunds, credit_notes, credit_note_series cascade;
        delete from plans where replaces is not null;
        update audit_head set position = 0, hash = '', low_water = 0`)
      await sandbox.control.reset()
      sandbox.control.webhooks({ paused: true })
      for (const i of [0, 1] as const) {
        const { id } = await instances[0].insertUser(somebody(`admin${i}`, passwordHash))
        await sql`update users set role = 'admin' where id = ${id}`
        admins[i] = `user:${id}`
      }
    },
    close: async () => {
      restoreFetch()
      for (const instance of instances) await instance.close()
      await sandbox.close()
      await sql.end({ timeout: 2 })
      await database.drop()
    },
  }
}

/** The password of everybody here. */
export const password = 'TestPass123'

/** Somebody who registers; half of them were never asked for a state. */
export function somebody(username: string, passwordHash: string) {
  return {
    name: 'Asha Rao',
    username,
    email: `${username}@example.in`,
    phone: '+919876500001',
    stateCode: /[02468ace]$/.test(username) ? null : '27',
    passwordHash,
    consentedTo: 'test',
  }
}

/** Waits, half a minute at most, until none of the instances' connections is in the middle of a statement. */
async function atRest(sql: Sql): Promise<void> {
  for (let quiet = 0, i = 0; quiet < 5 && i < 3_000; i++) {
    const [busy] = await sql`
      select from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle' and backend_type = 'client backend'`
    quiet = busy ? 0 : quiet + 1
    await pause(10)
  }
}

async function another(databaseUrl: string, apiBase: string): Promise<Instance> {
  vi.resetModules()
  const { openInstance } = await import('./instance.ts')
  return openInstance({ databaseUrl, apiBase })
}

/**
 * A run makes thousands of calls a minute; told of the real limits, background work would only ever give way. (Giving
 * way has tests of its own.) A 429 that a fault asked for is passed on as it is.
 */
function hideRateLimits(): () => void {
  const real = globalThis.fetch
  globalThis.fetch = async (...args) => {
    const response = await real(...args)
    if (response.status === 429) return response
    const headers = new Headers(response.headers)
    for (const name of ['limit', 'remaining', 'retry']) headers.delete(`x-ratelimit-${name}`)
    return new Response(response.body, { status: response.status, headers })
  }
  return () => {
    globalThis.fetch = real
  }
}
