-- What undoing a committed import would do besides taking its prices away. 'split' and 'move': what was decided with it and stays,
-- because prices that still count rest on it: they came when it was known, and nobody was asked again. It goes on with the
-- import of the later of the two prices (`import_id`), a move on the day of that one (`new_day`). 'jump': neighbouring closes that
-- need a person then and do not while it counts, as prices between them or in place of them are gone, or what was decided, and
-- that nothing that stays explains: shown to people as they stand.
create or replace function effects_of_undoing(p_import_id bigint)
returns table (
  kind text, id bigint, symbol text, day date, import_id bigint, new_day date,
  before_day date, before_close double precision, close double precision
) language sql stable as $$
  with before as materialized (
    select o.symbol, o.day, o.before_day from doubts_around(p_import_id, true) o
  ), doubts as materialized (
    select d.symbol, d.day, d.before_day, d.before_close, d.close, d.import_id,
           (d.before_basis, d.before_as_of) is distinct from (d.basis, d.as_of) as bases_meet
    from doubts_around(p_import_id, false) d
    where (d.symbol, d.day, d.before_day) not in (select o.symbol, o.day, o.before_day from before o)
  ), kept as materialized (
    (select distinct on (s.id) 'split' as kind, s.id, s.symbol, s.day, d.import_id, s.day as new_day
     from doubts d
     join splits s on s.import_id = p_import_id and s.symbol = d.symbol
                  and s.day > d.before_day and (s.day <= d.day or d.bases_meet)
     order by s.id, d.day)
    union all
    (select distinct on (d.symbol, d.day) 'move', r.id, r.symbol, r.day, d.import_id, d.day
     from doubts d
     join real_jumps r on r.import_id = p_import_id and r.symbol = d.symbol and r.day > d.before_day and r.day <= d.day
     order by d.symbol, d.day, r.day)
  )
  select k.kind, k.id, k.symbol, k.day, k.import_id, k.new_day, null, null, null from kept k
  union all
  select 'jump', null, d.symbol, d.day, d.import_id, null, d.before_day, d.before_close, d.close
  from doubts d
  where not exists (select from kept k where k.symbol = d.symbol and k.import_id = d.import_id and k.day > d.before_day)
$$;

-- Undoes a committed import: what it had replaced counts again. The answer is 'undone', or the reason for a refusal: 'jumps'
-- where prices would be left that jump as no market does, and nobody saw that. `p_version`: of the market as it was shown
-- with what undoing does; null when nobody saw it.
create or replace function undo_import(p_import_id bigint, p_version bigint, p_actor text, p_origin jsonb)
returns text language plpgsql as $$
declare
  v_import imports;
  v_kept   jsonb;
  v_jumps  boolean;
begin
  perform 1 from market_state for update;
  select * into v_import from imports where id = p_import_id;
  if not found then return 'unknown'; end if;
  if v_import.status = 'undone' then return 'undone'; end if;
  if v_import.status <> 'committed' or v_import.origin = 'sample' then return 'not-committed'; end if;
  if p_version is not null and p_version <> (select version from market_state) then return 'changed'; end if;
  select coalesce(jsonb_agg(to_jsonb(k)) filter (where k.kind <> 'jump'), '[]'), coalesce(bool_or(k.kind = 'jump'), false)
  into v_kept, v_jumps
  from (select e.kind, e.id, e.symbol, e.day, e.import_id, e.new_day from effects_of_undoing(p_import_id) e) k;
  if p_version is null and v_jumps then return 'jumps'; end if;
  update splits s set import_id = k.import_id
  from jsonb_to_recordset(v_kept) as k(kind text, id bigint, import_id bigint)
  where k.kind = 'split' and s.id = k.id;
  update real_jumps r set import_id = k.import_id, day = k.new_day
  from jsonb_to_recordset(v_kept) as k(kind text, id bigint, import_id bigint, new_day date)
  where k.kind = 'move' and r.id = k.id;
  update imports set status = 'undone', undone_at = now() where id = p_import_id;
  if exists (select from prices where import_id = p_import_id) then perform market_changed(); end if;
  perform record_audit(p_actor, 'import.undone', p_origin => p_origin, p_details => jsonb_strip_nulls(jsonb_build_object(
    'import', p_import_id, 'before', 'committed', 'after', 'undone', 'kept', nullif(v_kept, '[]'))));
  return 'undone';
end $$;
