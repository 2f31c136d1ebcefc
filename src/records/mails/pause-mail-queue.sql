-- The mail server refused us, not a mail: nobody sends for 5 seconds, and twice as long each time a probe is refused, up to ten
-- minutes. What was under way when the pause began is refused as well, and changes nothing. A refusal within a minute of the
-- last pause makes one as long as that: it was over, but not by much.
create or replace function pause_mail_queue(p_reason text, p_is_probe boolean) returns void language plpgsql as $$
declare
  queue mail_queue;
begin
  select * into strict queue from mail_queue for update;
  if queue.paused_since is not null and not p_is_probe then return; end if;
  queue.pauses := case when p_is_probe then queue.pauses + 1
                       when queue.resumed_at > clock_timestamp() - interval '1 minute' then greatest(queue.pauses, 1)
                       else 1 end;
  update mail_queue
  set paused_since = coalesce(paused_since, clock_timestamp()),
      paused_until = clock_timestamp() + (0.9 + random() * 0.2) * least(interval '5 seconds' * power(2, least(queue.pauses - 1, 10)),
                                                                        interval '10 minutes'),
      pause_reason = p_reason,
      pauses = queue.pauses;
end $$;

-- The probe was answered: mails go on.
create or replace function resume_mail_queue() returns void language sql as $$
  update mail_queue set paused_since = null, paused_until = null, pause_reason = null, resumed_at = clock_timestamp()
  where paused_since is not null;
$$;

-- The next mail is the probe, now. False: the queue does not pause.
create or replace function probe_mail_queue_now() returns boolean language plpgsql as $$
begin
  update mail_queue set paused_until = clock_timestamp() where paused_since is not null;
  return found;
end $$;
