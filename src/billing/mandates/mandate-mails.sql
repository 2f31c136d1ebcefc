-- What people are told of their mandate by mail, each once: that it began, every debit before it comes, that one brought nothing, and that
-- it ended. Queued in the transaction that settles the mandate: a process that dies has written both, or neither.
create or replace function queue_mandate_mails(p_mandate_id uuid) returns void language plpgsql as $$
declare
  m    mandates;
  u    users;
  told text;
begin
  select * into m from mandates where id = p_mandate_id;
  select * into u from users where id = m.user_id;
  if m.authorised_at is null or u.deleted_at is not null then return; end if;
  if m.status = 'ACTIVE' and m.cancel_asked_at is null then
    perform enqueue_mail('autopay-started', m.id::text, u.id, u.name, u.email);
  end if;
  update mandate_charges set noticed_at = now()
  where mandate_id = m.id and noticed_at is null and raised_at is not null and final_at is null and withdrawn_why is null
    and not is_decided(status)
  returning payment_id into told;   -- one is open at a time
  if found then perform enqueue_mail('autopay-notice', told, u.id, u.name, u.email); end if;
  perform queue_failure_mail(c, m, u) from mandate_charges c where c.mandate_id = m.id and c.final_at > now() - interval '1 day';
  if m.ended_at > now() - interval '1 day' and m.ended_by is distinct from 'deletion' then
    perform enqueue_mail('autopay-ended', m.id::text, u.id, u.name, u.email);
  end if;
end $$;

-- Nothing came of a charge, and the period that it was for is not paid otherwise; nobody is told of what we called off ourselves. It counts
-- as the day's reminder, and its link is one of a reminder.
create or replace function queue_failure_mail(c mandate_charges, m mandates, u users) returns void language plpgsql as $$
declare
  s subscriptions;
begin
  if c.status = 'SUCCESS' or coalesce(c.withdrawn_why, 'refused') <> 'refused' then return; end if;
  select * into s from subscriptions running where running.user_id = m.user_id;
  if s.current_period_end <> c.period_start or s.cancel_requested_at is not null then return; end if;
  if enqueue_mail('autopay-failed', c.payment_id, u.id, u.name, u.email) is null then return; end if;
  perform note_reminder(m.user_id, day_in_india(c.period_start)::text, 'autopay-' || c.attempt, offered)
  from plan_to_offer(s) offered where offered is not null;
end $$;

-- The day on which the period after p_end is debited once more by this mandate; null: nothing is.
create or replace function debit_to_come(m mandates, p_end timestamptz) returns date language sql as $$
  select coalesce(
    (select c.scheduled_on from mandate_charges c
     where c.mandate_id = m.id and c.period_start = p_end and c.final_at is null and c.withdrawn_why is null),
    (select next_debit_day(m, p_end) from subscriptions s
     where s.user_id = m.user_id and m.status = 'ACTIVE' and s.cancel_requested_at is null
       and (plan_for(m.user_id, plan_to_charge(s))).price_paise <= m.max_paise))
  where m.ended_at is null and m.cancel_asked_at is null
$$;
