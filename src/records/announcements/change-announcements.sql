-- Makes an announcement. What it says is never edited: who closed it has read it. False: this form was sent already.
create or replace function create_announcement(p_announcement jsonb, p_actor text, p_origin jsonb) returns boolean
language plpgsql as $$
declare
  given announcements := jsonb_populate_record(null::announcements, p_announcement);
begin
  insert into announcements (form_key, text, link, link_text, audience, starts_at, ends_at, created_by)
  values (given.form_key, given.text, given.link, given.link_text, given.audience, coalesce(given.starts_at, now()), given.ends_at,
          p_actor)
  on conflict (form_key) do nothing;
  if not found then return false; end if;
  perform record_audit(p_actor, 'announcement.created', p_origin => p_origin,
                       p_details => jsonb_strip_nulls(p_announcement - 'form_key'));
  return true;
end $$;

-- Switches an announcement off, or on again. False: it is so already, or there is none.
create or replace function switch_announcement(p_id bigint, p_on boolean, p_actor text, p_origin jsonb) returns boolean
language plpgsql as $$
begin
  update announcements set is_on = p_on where id = p_id and is_on is distinct from p_on;
  if not found then return false; end if;
  perform record_audit(p_actor, case when p_on then 'announcement.switched-on' else 'announcement.switched-off' end,
                       p_origin => p_origin, p_details => jsonb_build_object('announcement', p_id));
  return true;
end $$;

-- Whether an announcement is to be seen now. Inlined.
create or replace function is_running(a announcements) returns boolean language sql stable as $$
  select a.is_on and now() >= a.starts_at and (a.ends_at is null or now() < a.ends_at)
$$;
