-- Makes events whose settling failed due now: the pause after the failure is cut short, nothing else. Answers how many,
-- at most `p_limit`. Compared with the clock, not with the statement's instant: of two calls at once, the second finds
-- them due already.
create or replace function retry_failed_events(p_limit integer) returns integer language plpgsql as $$
declare
  due integer;
begin
  update webhook_events set next_settle_at = now()
  where id in (select id from webhook_events
               where accepted and settled_at is null and settle_attempts > 0 and next_settle_at > now()
               order by next_settle_at limit p_limit)
    and settled_at is null and next_settle_at > clock_timestamp();
  get diagnostics due = row_count;
  return due;
end $$;
