-- Leases due mails for a minute, those to one person before bulk mails; other workers skip them. Answers {mails, waitS, isProbe,
-- isPaused}. All processes share one queue: with `p_per_second` each mail takes its turn from the row `mail_queue`, so that a turn
-- goes to the most urgent mail of all and the sum of all processes keeps the limit; `waitS` is the time until the next turn. After
-- a pause one mail is a probe, and nobody gets another until it was answered, or for a minute.
create or replace function claim_mails(p_limit integer, p_with_bulk boolean, p_per_second double precision) returns jsonb
language plpgsql as $$
declare
  queue    mail_queue;
  allowed  integer := p_limit;
  turns_at timestamptz;   -- from when on turns were left unused
  unused   double precision;
  mails    jsonb;
  is_probe boolean := false;
begin
  select * into strict queue from mail_queue;
  if p_per_second is not null or queue.paused_since is not null then
    select * into strict queue from mail_queue for update;
    -- No pause is longer than eleven minutes: a clock that was set back makes none, nor a longer wait for a turn below.
    if queue.paused_until > clock_timestamp() and queue.paused_until < clock_timestamp() + interval '11 minutes' then
      return jsonb_build_object('mails', '[]'::jsonb, 'waitS', null, 'isProbe', false, 'isPaused', true);
    end if;
    is_probe := queue.paused_since is not null;
    if is_probe then allowed := 1; end if;
  end if;
  if p_per_second is not null then
    -- What was left unused for longer than a tenth of a second is lost: no burst makes up for it.
    turns_at := clock_timestamp() - interval '1 second' * greatest(0.1, 1 / p_per_second);
    if queue.next_send_at between turns_at and clock_timestamp() + interval '1 second' / p_per_second then
      turns_at := queue.next_send_at;
    end if;
    unused := extract(epoch from clock_timestamp() - turns_at) * p_per_second;
    allowed := least(allowed, floor(unused + 0.001));
    if allowed < 1 then
      return jsonb_build_object('mails', '[]'::jsonb, 'waitS', (1 - unused) / p_per_second, 'isProbe', false, 'isPaused', false);
    end if;
  end if;
  mails := lease_mails(allowed, p_with_bulk);
  if jsonb_array_length(mails) > 0 and p_per_second is not null then
    update mail_queue set next_send_at = turns_at + interval '1 second' * jsonb_array_length(mails) / p_per_second;
  end if;
  if jsonb_array_length(mails) > 0 and is_probe then
    update mail_queue set paused_until = clock_timestamp() + interval '1 minute';
  end if;
  return jsonb_build_object('mails', mails, 'isProbe', is_probe, 'isPaused', false,
    'waitS', case when jsonb_array_length(mails) > 0 then 1 / p_per_second end);
end $$;

-- After its lease ran out (a crash) a mail is due again, unless the mail server had been given it.
create or replace function lease_mails(p_limit integer, p_with_bulk boolean) returns jsonb language sql as $$
  with due as (
    select id
    from mails
    where status = 'queued'
      and next_attempt_at <= now()
      and handed_at is null
      and (p_with_bulk or not bulk)
      and (kind not in ('renewal', 'rescue') or reminders_may_go_now())
    order by bulk, next_attempt_at
    limit p_limit
    for update skip locked
  ), leased as (
    update mails m
    set attempts = attempts + 1,
        leased_until = now() + interval '1 minute',
        next_attempt_at = now() + interval '1 minute'
    from due
    where m.id = due.id
    returning m.*
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', id, 'kind', kind, 'subjectKey', subject_key, 'copy', copy, 'toName', to_name,
                                               'toEmail', to_email, 'attempts', attempts, 'bulk', bulk,
                                               'stoppedBy', (select s.kind from mail_suppressions s
                                                             where s.email = lower(to_email) and is_stopped_by(s.kind, leased.kind, bulk)))
                            order by bulk, id), '[]')
  from leased
$$;
