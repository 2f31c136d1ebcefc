import type { Sql } from '../../platform/db.ts'
import type { Change, ChangeRules } from '../changes/changes.ts'
import type { ChangeStep, SectorState } from '../changes/standings.ts'

/** Why nothing may be told of a session now; null when it may (queueing.sql). */
export async function findAlertLack(sql: Sql, issue: string): Promise<string | null> {
  const [row] = await sql<{ lack: string | null }[]>`select alert_lack(${issue}) as lack`
  return row!.lack
}

/** The maps of which somebody waits to be told about a session that is newer than what they know. */
export async function listStepsDue(sql: Sql, issue: string): Promise<ChangeStep[]> {
  const rows = await sql<{ step: ChangeStep }[]>`
    select distinct c.step from alert_choices c ${due(sql, issue)} order by c.step
  `
  return rows.map(({ step }) => step)
}

/** Somebody who is due: what they want, what they were told up to (`told`), and the state they know (`from`), which may be older. */
export type DuePerson = ChangeRules & {
  userId: string
  revision: number
  scope: 'all' | 'starred' | 'chosen'
  told: number | null
  from: number | null
  /** What they starred or chose; empty for scope `all`. */
  symbols: string[]
}

/** Some who are due and want no quiet now, at most so many. */
export async function listPeopleDue(
  sql: Sql,
  { step, issue, limit }: { step: ChangeStep; issue: string; limit: number },
): Promise<DuePerson[]> {
  return sql<DuePerson[]>`
    select c.user_id, c.revision, c.scope, c.quadrant, c.top::int as top, c.mansfield, c.high,
           c.told_state::int as told, known_alert_state(c)::int as "from",
           case c.scope
             when 'starred' then (select coalesce(jsonb_agg(s.symbol), '[]') from stars s where s.user_id = c.user_id)
             when 'chosen' then (select coalesce(jsonb_agg(s.symbol), '[]') from alert_sectors s where s.user_id = c.user_id)
             else '[]'
           end as symbols
    from alert_choices c
    ${due(sql, issue)} and c.step = ${step}
    order by c.user_id
    limit ${limit}
  `
}

function due(sql: Sql, issue: string) {
  return sql`
    left join alert_states t on t.id = c.told_state
    where c.is_on and (t.issue is null or t.issue < ${issue}) and not is_quiet(c.quiet_from, c.quiet_until, now())
  `
}

/** Keeps where the sectors stood after a session, once (queueing.sql). Answers its number. */
export async function keepState(
  sql: Sql,
  state: { issue: string; step: ChangeStep; benchmark: string; fingerprint: string; standings: readonly SectorState[] },
): Promise<number> {
  const { issue, step, benchmark, fingerprint, standings } = state
  const [row] = await sql<{ id: number }[]>`
    select keep_alert_state(${issue}, ${step}, ${benchmark}, ${fingerprint}, ${sql.json([...standings])})::int as id
  `
  return row!.id
}

/** A state that was kept: the benchmark of its readings, and where everything stood, under today's symbols. */
export async function findState(
  sql: Sql,
  id: number,
): Promise<{ issue: string; step: ChangeStep; benchmark: string; fingerprint: string; standings: SectorState[] }> {
  const [[state], standings] = await Promise.all([
    sql<{ issue: string; step: ChangeStep; benchmark: string; fingerprint: string }[]>`
      select issue::text as issue, step, benchmark, fingerprint from alert_states where id = ${id}
    `,
    sql<SectorState[]>`
      select symbol, quadrant, ratio, momentum, rank, mansfield, rs, is_high from alert_standings where state_id = ${id}
    `,
  ])
  return { ...state!, standings: [...standings] }
}

/** A person's part of the work: what they are told, and from which state on. */
export type Told = { userId: string; revision: number; told: number | null; from: number | null; changes: Change[] }

/**
 * Writes digests and moves people on to a state (queueing.sql). Answers how many moved on; null when the market is another by
 * now or nothing may be told of the session any more.
 */
export async function queueDigests(
  sql: Sql,
  given: { issue: string; version: number; state: number; people: readonly Told[] },
): Promise<number | null> {
  const { issue, version, state, people } = given
  const [row] = await sql<{ moved: number | null }[]>`
    select queue_alerts(${issue}, ${version}, ${state}, ${sql.json([...people])}) as moved
  `
  return row!.moved
}

/** What a digest says, and to whom, while it may still go to the address it was queued for. */
export type Digest = {
  name: string
  link: string
  step: ChangeStep
  fromIssue: string | null
  fingerprint: string
  changes: Change[]
}

/** A digest; undefined when alerts were stopped, access ended, or the address is no longer theirs or not confirmed. */
export async function findDigest(
  sql: Sql,
  given: { userId: string; issue: string; email: string },
): Promise<Digest | undefined> {
  const [row] = await sql<Digest[]>`
    select r.name, c.link, t.step, f.issue::text as from_issue, t.fingerprint, d.changes
    from alert_digests d
    join alert_choices c on c.user_id = d.user_id and c.is_on
    join alert_states t on t.id = d.to_state
    left join alert_states f on f.id = d.from_state
    cross join lateral report_readers(d.user_id) r
    where d.user_id = ${given.userId} and d.issue = ${given.issue} and lower(r.email) = lower(${given.email})
  `
  return row
}
