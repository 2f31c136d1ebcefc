-- How long access goes on after a period ends: GRACE_DAYS, which every start writes down (keep_grace_days).
create or replace function grace_period() returns interval language sql stable parallel safe as $$
  select make_interval(days => grace_days) from product_settings
$$;

-- Writes down the setting of the process that starts. Answers whether it was another one.
create or replace function keep_grace_days(p_days integer) returns boolean language plpgsql as $$
begin
  update product_settings set grace_days = p_days where grace_days is distinct from p_days;
  return found;
end $$;
