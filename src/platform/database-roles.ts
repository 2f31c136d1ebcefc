import type postgres from 'postgres'
import { openOneConnection } from './database-driver.ts'

/** Tables that the application inserts into and never changes. */
const insertOnly = ['receipts', 'credit_notes']
/** Tables that it only reads: the owner writes them, or functions that run with the owner's rights. */
const readOnly = ['migrations', 'audit_seals', 'audit_head', 'audit_verified']
/** The columns of an audit row that it may set; number, time and hash are the database's. */
const auditColumns = ['actor', 'action', 'order_id', 'user_id', 'details', 'origin']

/**
 * Grants a role what the application needs and revokes everything else: it works on rows, changes no table, and neither changes
 * nor deletes what is permanent (audit, receipts, credit notes). To be run with the owner's `url` on a migrated database with
 * the job queue's tables. Throws with a sentence for a role that grants would not bind.
 */
export async function grantToApp(url: string, role: string): Promise<void> {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(role))
    throw new Error('The name of a role is small letters, digits and underscores.')
  const sql = openOneConnection(url, 'etf-migrate')
  try {
    const [found] = await sql<{ tooMuch: boolean }[]>`
      select r.rolsuper or r.rolcreaterole or pg_has_role(r.oid, audit.relowner, 'member') as "tooMuch"
      from pg_roles r, pg_class audit
      where r.rolname = ${role} and audit.oid = 'audit'::regclass
    `
    if (!found) throw new Error(`There is no role ${role}. Make it first: create role ${role} login password '…'`)
    if (found.tooMuch)
      throw new Error(`${role} owns the tables, belongs to their owner, or may make roles: grants would not bind it.`)
    await sql.unsafe(grantsFor(`"${role}"`))
    const [still] = await sql<{ builds: boolean; rewrites: boolean }[]>`
      select has_schema_privilege(${role}, 'public', 'create') as builds,
             has_table_privilege(${role}, 'audit', 'update, delete, truncate') as rewrites
    `
    if (still!.builds)
      throw new Error(
        `${role} may still make tables. As a superuser of PostgreSQL, say in this database: revoke create on schema public from public`,
      )
    if (still!.rewrites)
      throw new Error(`${role} may still change the audit: it was given that by another role, or is a member of one.`)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** One message, which is one transaction. `role` is quoted. `pgboss` is the job queue's schema; its rows are all the application's. */
function grantsFor(role: string): string {
  return `
    revoke create on schema public from public;
    revoke create on schema public, pgboss from ${role};
    grant usage on schema public, pgboss to ${role};
    revoke all on all tables in schema public, pgboss from ${role};
    grant select, insert, update, delete on all tables in schema public, pgboss to ${role};
    grant usage, select on all sequences in schema public, pgboss to ${role};
    grant execute on all functions in schema public, pgboss to ${role};
    alter default privileges in schema public, pgboss grant select, insert, update, delete on tables to ${role};
    alter default privileges in schema public, pgboss grant usage, select on sequences to ${role};
    alter default privileges in schema public, pgboss grant execute on functions to ${role};
    revoke update, delete on ${insertOnly.join(', ')} from ${role};
    revoke insert, update, delete on ${readOnly.join(', ')} from ${role};
    revoke insert, update, delete on audit from ${role};
    grant insert (${auditColumns.join(', ')}) on audit to ${role};
  `
}

/**
 * Gives the connected role, in this database, the limits of time that a pool gives its connections itself where no pooler keeps it
 * from it. Connections that the pooler has open already go on without until it closes them.
 */
export async function limitRole(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(`do $$
    declare
      limits constant jsonb := '{"statement_timeout": "4s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "5s"}';
      known text[];
      name text;
      value text;
    begin
      perform pg_advisory_xact_lock(771035);   -- processes that start at once wait for each other
      select s.setconfig into known from pg_db_role_setting s
      where s.setrole = current_user::regrole
        and s.setdatabase = (select d.oid from pg_database d where d.datname = current_database());
      for name, value in select * from jsonb_each_text(limits) loop
        if not coalesce(format('%s=%s', name, value) = any (known), false) then
          execute format('alter role current_user in database %I set %I = %L', current_database(), name, value);
        end if;
      end loop;
    end $$`)
}

/**
 * Whether the connected role may change tables: it owns them, or, while there are none yet, may create some. `sql` is any
 * connection, also a transaction's.
 */
export async function mayMigrate(sql: postgres.ISql): Promise<boolean> {
  const [row] = await sql<{ may: boolean }[]>`
    select coalesce((select pg_has_role(c.relowner, 'usage') from pg_class c where c.oid = to_regclass('migrations')),
                    has_schema_privilege(current_schema(), 'create'), false) as may
  `
  return row!.may
}

/** The database has to be migrated first, and this role may not do it. */
export class MayNotMigrate extends Error {
  override name = 'MayNotMigrate'
  constructor(pending: string) {
    super(
      `the database is not at this release yet (${pending}), and this role may not bring it there. Run \`npm run migrate -- --app-role NAME\` with the owner’s DATABASE_URL first.`,
    )
  }
}
