-- Notes that a person sees the dashboard of a session, once for each session, and answers the one they saw before it; null on
-- their first visit. A session that was taken back since leaves what was noted.
create or replace function note_visit(p_user_id uuid, p_session date) returns date language plpgsql as $$
declare
  v_visit dashboard_visits;
begin
  select * into v_visit from dashboard_visits where user_id = p_user_id;
  if v_visit.seen >= p_session then return v_visit.since; end if;
  insert into dashboard_visits as v (user_id, seen)
  select u.id, p_session from users u where u.id = p_user_id and u.deleted_at is null for share   -- no visit outlives the account
  on conflict (user_id) do update set since = v.seen, seen = excluded.seen where v.seen < excluded.seen;
  select * into v_visit from dashboard_visits where user_id = p_user_id;
  return v_visit.since;
end $$;
