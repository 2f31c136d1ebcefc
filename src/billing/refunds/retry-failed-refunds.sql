-- Makes refunds that Cashfree could not be asked about due now: the pause after the failure is cut short, nothing else.
-- Answers how many, at most `p_limit`. Compared with the clock, not with the statement's instant: of two calls at once, the
-- second finds them due already.
create or replace function retry_failed_refunds(p_limit integer) returns integer language plpgsql as $$
declare
  due integer;
begin
  update refunds set next_look_at = now()
  where id in (select id from refunds
               where next_look_at > now() and last_error is not null
               order by next_look_at limit p_limit)
    and finished_at is null and next_look_at > clock_timestamp();
  get diagnostics due = row_count;
  return due;
end $$;
