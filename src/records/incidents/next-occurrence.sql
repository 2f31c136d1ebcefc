-- Decides whether an incident is new. While one of the same kind and subject is open, it is not. After a person resolved that
-- one, the same facts are not new either (a held order is checked again every hour); other facts are.
create or replace function next_occurrence() returns trigger language plpgsql as $$
declare
  known incidents := (select i from incidents i where i.kind = new.kind and i.subject_key = new.subject_key
                      order by i.occurrence desc limit 1);
begin
  if known.id is null then return new; end if;
  if known.resolved_at is null or known.details is not distinct from new.details then return null; end if;
  new.occurrence := known.occurrence + 1;
  return new;
end $$;

-- Made once: to make it anew locks the table, and whoever writes here may wait for one that a migration has locked before.
do $$ begin
  if not exists (select from pg_trigger where tgrelid = 'incidents'::regclass and tgname = 'count_occurrences') then
    create trigger count_occurrences before insert on incidents for each row execute function next_occurrence();
  end if;
end $$;
