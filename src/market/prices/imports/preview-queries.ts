import type { Sql } from '../../../platform/db.ts'

/**
 * What an import brings of one symbol: days from and to, prices, those that are new, known or changed, gaps in between, and how many
 * of the prices come with what was traded.
 */
export type SymbolSummary = {
  symbol: string
  name: string
  from: string
  to: string
  rows: number
  fresh: number
  same: number
  changed: number
  gaps: number
  traded: number
}

/**
 * What undoing an import does to one symbol, in prices; `splits` and `moves` are days of splits and own moves that go with it,
 * `kept` of those that stay, because prices of other imports rest on them.
 */
export type UndoSummary = {
  symbol: string
  name: string
  gone: number
  back: number
  replaced: number
  splits: string[]
  moves: string[]
  kept: string[]
}

/**
 * What an import brings per symbol, against what counts without it. Grouped rather than joined: the planner knows nothing
 * yet of rows that have just come.
 */
export async function summariseImport(sql: Sql, importId: number): Promise<SymbolSummary[]> {
  return sql<SymbolSummary[]>`
    with touched as materialized (
      select symbol, min(day) as first_day, max(day) as last_day from prices where import_id = ${importId} group by symbol
    ), seen as materialized (
      select p.symbol, p.day, max(p.close) filter (where p.import_id = ${importId}) as close,
             bool_or(p.volume is not null or p.turnover is not null) filter (where p.import_id = ${importId}) as is_traded,
             (array_agg(p.close order by i.committed_at desc nulls last, p.import_id desc)
                filter (where p.import_id <> ${importId}))[1] as counted
      from touched t
      join prices p on p.symbol = t.symbol and p.day between t.first_day and t.last_day
      join imports i on i.id = p.import_id
      where p.import_id = ${importId} or (i.status = 'committed' and i.origin <> 'sample')
      group by p.symbol, p.day
    ), trading as materialized (
      select distinct p.day
      from instruments b
      join prices p on p.symbol = b.symbol
      join imports i on i.id = p.import_id
      where b.kind = 'benchmark' and p.day between (select min(first_day) from touched) and (select max(last_day) from touched)
        and (p.import_id = ${importId} or (i.status = 'committed' and i.origin <> 'sample'))
    ), compared as (
      select symbol, min(day) as first_day, max(day) as last_day, count(*)::int as rows,
             (count(*) filter (where counted is null))::int as fresh,
             (count(*) filter (where counted = close))::int as same,
             (count(*) filter (where counted <> close))::int as changed,
             (count(*) filter (where is_traded))::int as traded,
             (count(*) filter (where day in (select day from trading)))::int as on_trading_days
      from seen
      where close is not null
      group by symbol
    )
    select c.symbol, i.name, c.first_day::text as "from", c.last_day::text as "to", c.rows, c.fresh, c.same, c.changed, c.traded,
           (select count(*)::int from trading t where t.day between c.first_day and c.last_day) - c.on_trading_days as gaps
    from compared c
    join instruments i on i.symbol = c.symbol
    order by i.kind, i.name
  `
}

/**
 * What undoing a committed import would do, per symbol: prices that would be gone, those for which an import
 * committed before counts again, and those that one committed later has replaced anyway.
 */
export async function summariseUndoing(sql: Sql, importId: number): Promise<UndoSummary[]> {
  return sql<UndoSummary[]>`
    with given as materialized (
      select committed_at from imports where id = ${importId}
    ), touched as materialized (
      select symbol, min(day) as first_day, max(day) as last_day from prices where import_id = ${importId} group by symbol
    ), seen as materialized (
      select p.symbol, p.day,
             bool_or(i.committed_at > (select committed_at from given)) filter (where p.import_id <> ${importId}) as later
      from touched t
      join prices p on p.symbol = t.symbol and p.day between t.first_day and t.last_day
      join imports i on i.id = p.import_id and i.status = 'committed' and i.origin <> 'sample'
      group by p.symbol, p.day
      having bool_or(p.import_id = ${importId})
    ), kept as materialized (
      select kind, id, symbol, day from effects_of_undoing(${importId}) where kind <> 'jump'
    )
    select seen.symbol, i.name,
           (count(*) filter (where later is null))::int as gone,
           (count(*) filter (where not later))::int as back,
           (count(*) filter (where later))::int as replaced,
           (select coalesce(jsonb_agg(s.day::text order by s.day), '[]') from splits s
            where s.import_id = ${importId} and s.symbol = seen.symbol
              and not exists (select from kept k where k.kind = 'split' and k.id = s.id)) as splits,
           (select coalesce(jsonb_agg(r.day::text order by r.day), '[]') from real_jumps r
            where r.import_id = ${importId} and r.symbol = seen.symbol
              and not exists (select from kept k where k.kind = 'move' and k.id = r.id)) as moves,
           (select coalesce(jsonb_agg(k.day::text order by k.day), '[]') from kept k where k.symbol = seen.symbol) as kept
    from seen
    join instruments i on i.symbol = seen.symbol
    group by seen.symbol, i.name, i.kind
    order by i.kind, i.name
  `
}

/** Two neighbouring prices that undoing an import leaves side by side, and that differ as nobody has explained. */
export type LeftJump = { symbol: string; beforeDay: string; day: string; beforeClose: number; close: number }

/** Such prices; see effects_of_undoing in undoing.sql. */
export async function listJumpsLeft(sql: Sql, importId: number): Promise<LeftJump[]> {
  return sql<LeftJump[]>`
    select symbol, before_day::text as before_day, day::text as day, before_close, close from effects_of_undoing(${importId})
    where kind = 'jump'
    order by symbol, day
  `
}
