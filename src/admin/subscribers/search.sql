-- The newest accounts whose name matches: p_words is a tsquery over the words of a name, p_start a pattern for the
-- beginning of a user name or an address; '' leaves a filter open; p_at and p_id are where the page before ended.
-- A word that many share fills the page from the newest few thousand; only one that few share is looked up in its index.
-- So neither "a" nor "Xavier" makes the database read everybody. Plans depend on the word: each call makes its own.
create or replace function people_called(
  p_words text, p_start text, p_status text, p_plan text, p_role text, p_verified text,
  p_at timestamptz, p_id uuid, p_limit integer
) returns table (id uuid) language plpgsql stable rows 50 set plan_cache_mode = force_custom_plan as $$
declare
  words tsquery := to_tsquery('simple', p_words);
  among integer := greatest(5000, 60 * p_limit);
  -- Known before the query is planned: its plan depends on how many have them.
  versions text[] := array(select p.key from plans p where p.name = p_plan);
  found uuid[];
begin
  if p_status = '' and p_plan = '' then
    found := array(
      select u.id
      from (select * from users n where p_id is null or (n.created_at, n.id) < (p_at, p_id)
            order by n.created_at desc, n.id desc limit among) u
      where is_called(u, words, p_start) and is_like(u, p_role, p_verified)
      order by u.created_at desc, u.id desc limit p_limit);
  else
    found := array(
      select u.id
      from (select * from subscriptions n
            where (p_status = '' or has_status(n, p_status))
              and (p_plan = '' or n.plan_key = any (versions))
              and (p_id is null or (n.created_at, n.user_id) < (p_at, p_id))
            order by n.created_at desc, n.user_id desc limit among) s
      join users u on u.id = s.user_id
      where is_called(u, words, p_start) and is_like(u, p_role, p_verified)
      order by s.created_at desc, s.user_id desc limit p_limit);
  end if;
  if cardinality(found) = p_limit then return query select unnest(found); return; end if;
  -- Where few have the plan, all of them were read above.
  if p_plan <> '' and not exists (select from subscriptions n where n.plan_key = any (versions) offset among) then
    return query select unnest(found);
    return;
  end if;

  return query
    with called as materialized (
      select u.id, u.created_at from users u where to_tsvector('simple', u.name) @@ words and is_like(u, p_role, p_verified)
      union
      select u.id, u.created_at from users u where lower(u.username) like p_start and is_like(u, p_role, p_verified)
      union
      select u.id, u.created_at from users u where lower(u.email) like p_start and is_like(u, p_role, p_verified)
    )
    select c.id from called c
    where (p_id is null or (c.created_at, c.id) < (p_at, p_id))
      and (p_status = '' and p_plan = '' or exists (
             select from subscriptions s
             where s.user_id = c.id and (p_status = '' or has_status(s, p_status))
               and (p_plan = '' or s.plan_key = any (versions))))
    order by c.created_at desc, c.id desc
    limit p_limit;
end $$;

-- Cancelled by its owner, and what was paid for still runs.
create or replace function is_leaving(s subscriptions) returns boolean language sql stable as $$
  select s.cancel_requested_at is not null and s.status in ('active', 'grace') and now() < s.current_period_end
$$;

-- Whether a subscription belongs in the list of a status as the panel names it.
create or replace function has_status(s subscriptions, p_status text) returns boolean language sql stable as $$
  select case p_status when 'leaving' then is_leaving(s) else s.status = p_status end
$$;

-- Both are inlined, so that the planner sees the indexes they can use.
create or replace function is_called(u users, p_words tsquery, p_start text) returns boolean language sql immutable as $$
  select to_tsvector('simple', u.name) @@ p_words or lower(u.username) like p_start or lower(u.email) like p_start
$$;

create or replace function is_like(u users, p_role text, p_verified text) returns boolean language sql immutable as $$
  select (p_role = '' or u.role = p_role)
     and (p_verified = '' or (u.email_verified_at is not null) = (p_verified = 'yes'))
$$;
