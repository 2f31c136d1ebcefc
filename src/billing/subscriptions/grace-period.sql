-- How long access goes on after a period ends: the one place that says so for SQL. `graceDays` (subscriptions.ts) says the
-- same to pages; a test holds the two together.
create or replace function grace_period() returns interval language sql immutable parallel safe as $$
  select interval '3 days'
$$;
