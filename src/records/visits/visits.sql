-- Adds counted views: [{day, page, source, views}, …]. A day has at most p_most sources that are names of sites and campaigns; the
-- views of further ones are added to 'other', so that nobody can fill the table with made-up words, and none of them takes the
-- place of visitors whom nobody sent. One process at a time, so that the bound is exact.
create or replace function count_visits(p_counts jsonb, p_most integer) returns void language plpgsql as $$
declare
  one     record;
  counted text;
begin
  perform pg_advisory_xact_lock(hashtext('count_visits'));
  for one in select * from jsonb_to_recordset(p_counts) as c(day date, page text, source text, views integer) loop
    counted := one.source;
    if is_named_source(one.source) and not exists (select from visits v where v.day = one.day and v.source = one.source)
       and (select count(distinct v.source) from visits v where v.day = one.day and is_named_source(v.source)) >= p_most then
      counted := 'other';
    end if;
    insert into visits (day, page, source, views) values (one.day, one.page, counted, one.views)
    on conflict (day, page, source) do update set views = visits.views + excluded.views;
  end loop;
end $$;

-- Whether a source is the name of a site or a campaign; the others are three words of ours (sources.ts).
create or replace function is_named_source(p_source text) returns boolean language sql immutable as $$
  select p_source not in ('direct', 'this-site', 'other')
$$;
