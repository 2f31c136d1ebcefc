-- Adds counted views: [{day, page, source, views}, …]. A day has at most p_most sources; the views of further ones are added to
-- 'other', so that nobody can fill the table with made-up words. One process at a time, so that the bound is exact.
create or replace function count_visits(p_counts jsonb, p_most integer) returns void language plpgsql as $$
declare
  one     record;
  counted text;
begin
  perform pg_advisory_xact_lock(hashtext('count_visits'));
  for one in select * from jsonb_to_recordset(p_counts) as c(day date, page text, source text, views integer) loop
    counted := one.source;
    if not exists (select from visits v where v.day = one.day and v.source = one.source)
       and (select count(distinct v.source) from visits v where v.day = one.day) >= p_most then
      counted := 'other';
    end if;
    insert into visits (day, page, source, views) values (one.day, one.page, counted, one.views)
    on conflict (day, page, source) do update set views = visits.views + excluded.views;
  end loop;
end $$;
