-- Makes what failed and waits for another try of one job due at once, for an administrator. Answers how much that was; 0
-- for a job that keeps no such work.
create or replace function retry_failed(p_job text, p_actor text, p_origin jsonb) returns integer language plpgsql as $$
declare
  due integer := case p_job
    when 'deliver-mails' then retry_failed_mails(1000)
    when 'settle-events' then retry_failed_events(1000)
    when 'send-refunds' then retry_failed_refunds(1000)
    else 0
  end;
begin
  if due > 0 then
    perform record_audit(p_actor, 'job.retried', p_details => jsonb_build_object('job', p_job, 'count', due),
                         p_origin => p_origin);
  end if;
  return due;
end $$;
