-- Makes mails that failed due now: the pause after the failure is cut short, nothing else. Answers how many,
-- at most `p_limit`. Compared with the clock, not with the statement's instant: of two calls at once, the second finds
-- them due already.
create or replace function retry_failed_mails(p_limit integer) returns integer language plpgsql as $$
declare
  due integer;
begin
  update mails set next_attempt_at = now()
  where id in (select id from mails
               where status = 'queued' and last_error is not null and next_attempt_at > now()
                 and (leased_until is null or leased_until < now())
               order by next_attempt_at limit p_limit)
    and status = 'queued' and next_attempt_at > clock_timestamp();
  get diagnostics due = row_count;
  return due;
end $$;
