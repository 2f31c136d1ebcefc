-- Adds prices to an import that is being read; to one that was dropped meanwhile, none. Answers those whose symbol and day
-- the import has already, and where. (Files of one archive have one number, so that two of them may have the same symbol, day
-- and line: of prices given together, the first of a symbol and day is added, and all others are answered.)
create or replace function stage_prices(p_import_id bigint, p_prices jsonb)
returns table (symbol text, day date, file integer, line integer, first_file integer, first_line integer)
language plpgsql as $$
begin
  perform 1 from market_state for key share;
  perform 1 from imports where id = p_import_id and status = 'reading' for share;
  if not found then return; end if;
  return query
    with given as materialized (
      select g.*, row_number() over (partition by g.symbol, g.day order by g.place) as nth
      from rows from (jsonb_to_recordset(p_prices)
        as (symbol text, day date, close double precision, basis text, file smallint, line integer,
            "seenSymbol" text, "seenIsin" text, part integer, volume double precision, turnover double precision))
        with ordinality as g(symbol, day, close, basis, file, line, seen_symbol, seen_isin, part, volume, turnover, place)
      -- One that was renamed while its file is being read has this symbol no more; the reader notices at the end.
      where exists (select from instruments i where i.symbol = g.symbol)
    ), added as (
      insert into prices as p (import_id, symbol, day, close, basis, file, line, seen_symbol, seen_isin, part, volume, turnover)
      select p_import_id, g.symbol, g.day, g.close, g.basis, g.file, g.line, g.seen_symbol, g.seen_isin, g.part, g.volume, g.turnover
      from given g where g.nth = 1
      on conflict do nothing
      returning p.symbol, p.day, p.file, p.line
    ), missed as materialized (
      select g.* from given g where g.nth > 1 or (g.symbol, g.day) not in (select a.symbol, a.day from added a)
    )
    select m.symbol, m.day, m.file::int, m.line, first.file::int, first.line
    from missed m
    cross join lateral (
      select p.file, p.line from prices p where p.import_id = p_import_id and p.symbol = m.symbol and p.day = m.day
      union all
      select a.file, a.line from added a where a.symbol = m.symbol and a.day = m.day
    ) first
    order by m.place;
end $$;

-- The files of an import are read to their end: it is held, with questions about new names. One that was dropped meanwhile stays so.
create or replace function hold_import(
  p_import_id bigint, p_files jsonb, p_refused jsonb, p_problems jsonb, p_problem_count integer
) returns void language plpgsql as $$
begin
  perform 1 from market_state for key share;
  update imports
  set status = 'held', files = p_files, refused = p_refused, problems = p_problems, problem_count = p_problem_count
  where id = p_import_id and status = 'reading';
  if found then perform ask_about_names(p_import_id); end if;
end $$;

-- Drops an import that never counted, with its prices and NAVs, and what was decided and asked about them. False: it counts, counted, or
-- is dropped already.
create or replace function drop_import(p_import_id bigint, p_actor text, p_origin jsonb) returns boolean language plpgsql as $$
begin
  perform 1 from market_state for update;
  update imports set status = 'dropped' where id = p_import_id and status in ('reading', 'held');
  if not found then return false; end if;
  delete from prices where import_id = p_import_id;
  delete from navs where import_id = p_import_id;
  delete from splits where import_id = p_import_id;
  delete from real_jumps where import_id = p_import_id;
  delete from import_questions where import_id = p_import_id;
  perform record_audit(p_actor, 'import.dropped', p_details => jsonb_build_object('import', p_import_id),
                       p_origin => p_origin);
  return true;
end $$;

-- Drops imports whose reading never ended: the process was killed, or the machine stopped. Answers how many.
create or replace function drop_abandoned_imports() returns integer language plpgsql as $$
declare
  v_id      bigint;
  v_dropped integer := 0;
begin
  for v_id in
    select id from imports where status = 'reading' and created_at < now() - interval '1 hour' order by id for update
  loop
    v_dropped := v_dropped + drop_import(v_id, 'clock', null)::int;
  end loop;
  return v_dropped;
end $$;

-- The whole import counts from now on, or nothing of it; the answer is 'committed', or the reason for a refusal. Commits
-- wait for each other, so that later ones have later times, by which it is decided what counts. `p_version`: of the market
-- that the preview was made from; null when there was no preview. One of NAVs alone changes no analysis and does not end the sample.
-- (Of this function and of undo_import, processes of an
-- earlier release call the one without p_origin, which therefore stays in databases that have it.)
create or replace function commit_import(p_import_id bigint, p_version bigint, p_actor text, p_origin jsonb)
returns text language plpgsql as $$
declare
  v_import     imports;
  v_has_prices boolean;
begin
  perform 1 from market_state for update;
  -- Locked too, so that it is not dropped, nor a decision about it taken back, between this look and the end.
  select * into v_import from imports where id = p_import_id for update;
  if not found then return 'unknown'; end if;
  if v_import.status = 'committed' then return 'committed'; end if;
  if v_import.status <> 'held' then return 'not-held'; end if;
  -- A sample never comes after real prices. After another sample it does, as the exchange look-alike goes on with it, except for
  -- the one that fills an empty market.
  if v_import.origin = 'sample'
     and exists (select from imports i where i.committed_at is not null and (i.origin <> 'sample' or v_import.created_by = 'sample')
                 and exists (select from prices p where p.import_id = i.id)) then
    return 'late';
  end if;
  if p_version is not null and p_version <> (select version from market_state) then return 'changed'; end if;
  if v_import.problem_count > 0 then return 'has-problems'; end if;
  if not exists (select from prices where import_id = p_import_id) and not exists (select from navs where import_id = p_import_id) then
    return 'empty';
  end if;
  perform ask_about_names(p_import_id);
  v_has_prices := exists (select from prices where import_id = p_import_id);
  -- A day's split that was decided with another import meanwhile, or entered by hand, is the one that counts, also later on.
  delete from splits s where s.import_id = p_import_id and exists (
    select from splits o left join imports i on i.id = o.import_id
    where o.symbol = s.symbol and o.day = s.day and o.id <> s.id and (o.import_id is null or i.status = 'committed'));
  if exists (select from import_questions q where q.import_id = p_import_id and q.answer is null) then return 'undecided'; end if;
  if exists (select from jumps_of_import(p_import_id)) then return 'undecided'; end if;
  if is_name_taken(p_import_id) then return 'name-taken'; end if;
  perform settle_names(p_import_id, p_actor, p_origin);
  update imports set status = 'committed', committed_at = clock_timestamp() where id = p_import_id;
  -- The sample is dropped with the first real prices, and never counts beside them.
  if v_import.origin <> 'sample' and v_has_prices then
    update imports set status = 'dropped' where origin = 'sample' and status in ('held', 'committed');
  end if;
  if v_has_prices then perform market_changed(); end if;
  perform record_audit(p_actor, 'import.committed', p_origin => p_origin, p_details => jsonb_build_object(
    'import', p_import_id, 'before', v_import.status, 'after', 'committed'));
  return 'committed';
end $$;
