-- Corrects what one file's prices of an instrument are taken for: as they were traded, or restated by the file's maker up to
-- `p_as_of`. An archive is one file, which may hold histories and bhavcopies: only prices that are taken for `p_taken…` are
-- corrected. Of a held import, or of one that counts: then the figures change at once. The result is 'done', or why not: 'closed'
-- for an import that is neither, 'unknown' for one without such prices, 'early' where the file has later prices than `p_as_of`.
create or replace function set_basis(
  p_import_id bigint, p_file integer, p_symbol text, p_taken text, p_taken_as_of date, p_basis text, p_as_of date,
  p_actor text, p_origin jsonb
) returns text language plpgsql as $$
declare
  v_status text;
  v_last   date;
begin
  perform 1 from market_state for update;
  select i.status into v_status from imports i where i.id = p_import_id and i.status in ('held', 'committed');
  if not found then return 'closed'; end if;
  select max(p.day) into v_last
  from prices p
  where p.import_id = p_import_id and p.file = p_file and p.symbol = p_symbol
    and (p.basis, p.restated_as_of) is not distinct from (p_taken, p_taken_as_of);
  if v_last is null and exists (select from prices p
                                where p.import_id = p_import_id and p.file = p_file and p.symbol = p_symbol
                                  and (p.basis, p.restated_as_of) is not distinct from (p_basis, p_as_of)) then
    return 'done';
  end if;
  if v_last is null or p_basis not in ('traded', 'restated') or (p_basis = 'restated') <> (p_as_of is not null) then
    return 'unknown';
  end if;
  if p_as_of < v_last then return 'early'; end if;
  update prices p set basis = p_basis, restated_as_of = p_as_of
  where p.import_id = p_import_id and p.file = p_file and p.symbol = p_symbol
    and (p.basis, p.restated_as_of) is not distinct from (p_taken, p_taken_as_of);
  update import_questions q set answer = p_basis, answered_by = p_actor
  where q.import_id = p_import_id and q.kind = 'basis' and q.file = p_file and q.symbol = p_symbol
    and exists (select from prices p where p.import_id = p_import_id and p.symbol = p_symbol and p.part = q.part
                and (p.basis, p.restated_as_of) is not distinct from (p_basis, p_as_of));
  if v_status = 'committed' then perform market_changed(); end if;
  perform record_audit(p_actor, 'basis.corrected', p_origin => p_origin, p_details => jsonb_build_object(
    'import', p_import_id, 'file', p_file, 'symbol', p_symbol,
    'before', jsonb_strip_nulls(jsonb_build_object('basis', p_taken, 'as_of', p_taken_as_of)),
    'after', jsonb_strip_nulls(jsonb_build_object('basis', p_basis, 'as_of', p_as_of))));
  return 'done';
end $$;
