-- The audit, the webhooks, and the work that still has to be done.

-- I7. Every change of an order's, a refund's and a dispute's state has its one audit row.
create or replace function broken_i7_audit() returns setof text language sql stable as $$
  select o.id from orders o
  left join (select order_id, count(*) filter (where action = 'order.paid') as paid,
                    count(*) filter (where action = 'order.opened') as opened,
                    jsonb_object_agg(action, true) as actions
             from audit where order_id is not null group by order_id) a on a.order_id = o.id
  where a.opened is distinct from 1
     or a.paid <> case when o.paid_at is null then 0 else 1 end
     or (o.status in ('expired', 'terminated', 'terminating') and not a.actions ? ('order.' || o.status))
  union all
  select r.id from refunds r
  where r.finished_at is not null
    and not exists (select from audit a where a.order_id = r.order_id and a.action = 'refund.' || r.status
                                          and a.details ->> 'refund' = r.id)
  union all
  select d.id from disputes d
  where not exists (select from audit a where a.order_id = d.order_id and a.action = 'dispute.' || d.status
                                          and a.details ->> 'dispute' = d.id)
$$;

-- I10. An accepted webhook has its bytes, until its retention ends or its account is deleted, and a verdict that accepts;
-- nothing badly signed was accepted.
create or replace function broken_i10_webhooks() returns setof text language sql stable as $$
  select id::text from webhook_events
  where accepted and (octet_length(body) = 0 and redacted_at is null or verdict in ('missing-signature', 'missing-timestamp', 'wrong-signature'))
     or not accepted and verdict not in ('missing-signature', 'missing-timestamp', 'wrong-signature', 'test-ping')
$$;

-- I11. Every accepted webhook is settled, or has a time at which a job settles it.
create or replace function broken_i11_forgotten() returns setof text language sql stable as $$
  select id::text from webhook_events where accepted and settled_at is null and next_settle_at is null
$$;

-- I13. One order to pay per person, plan and purpose, whichever of the plan's versions.
create or replace function broken_i13_open_orders() returns setof text language sql stable as $$
  select min(o.id) from orders o join plans p on p.key = o.plan_key
  where o.status in ('created', 'active') group by o.user_id, p.name, o.purpose having count(*) > 1
$$;

-- I20. Whatever has a next step has the time of it, and no lease is longer than allowed.
create or replace function broken_i20_watched() returns setof text language sql stable as $$
  select 'order ' || id from orders where status in ('created', 'active') and next_look_at is null and mandate_id is null
  union all
  select 'order ' || id from orders
  where status in ('expired', 'terminated', 'terminating') and next_look_at is null and mandate_id is null
    and now() < expires_at + interval '24 hours'
  union all
  select 'refund ' || r.id from refunds r
  where r.finished_at is null and r.next_look_at is null
    and not exists (select from incidents i where i.kind = 'refund-mismatch' and i.subject_key = r.id)
  union all
  select 'dispute ' || id from disputes where (closed_at is null) <> (next_look_at is not null)
  union all
  select 'mail ' || id from mails where leased_until > now() + interval '1 minute'
  union all
  select 'mail ' || id from mails where status = 'queued' and next_attempt_at > now() + interval '2 hours'
$$;

-- I20. No work has been due for an hour; otherwise the jobs do not run.
create or replace function broken_i20_overdue() returns setof text language sql stable as $$
  select 'mail ' || id from mails where status = 'queued'
    and next_attempt_at < now() - case when bulk then interval '1 day' else interval '1 hour' end   -- MAIL_PER_SECOND
    and kind not in ('renewal', 'rescue')   -- these wait for the morning
    and not exists (select from mail_queue where paused_since is not null)   -- told of by itself
  union all
  select 'webhook ' || id from webhook_events
  where accepted and settled_at is null and next_settle_at < now() - interval '1 hour'
  union all
  select 'refund ' || id from refunds where next_look_at < now() - interval '1 hour'
  union all
  select 'dispute ' || id from disputes where next_look_at < now() - interval '1 hour'
  union all
  select 'subscription ' || user_id from subscriptions s
  where status in ('active', 'grace') and status_by_now(s) <> status and current_period_end + interval '4 days' < now()
$$;

-- I12. No payment or dispute is reported for an unknown order, unless an incident says so.
create or replace function broken_i12_strangers() returns setof text language sql stable as $$
  select w.id::text from webhook_events w
  where w.accepted and w.verdict = 'unknown-order' and w.type = 'PAYMENT_SUCCESS_WEBHOOK'
    and w.order_id is not null
    and not exists (select from incidents i where i.kind = 'unknown-order' and i.subject_key = w.order_id)
  union all
  select w.id::text from webhook_events w
  where w.accepted and w.verdict in ('unknown-order', 'no-order') and w.dispute_id is not null
    and not exists (select from incidents i where i.kind = 'unknown-dispute' and i.subject_key = w.dispute_id)
$$;

-- I24. Every dispute that needs an answer, or took money, has its incident.
create or replace function broken_i24_untold_disputes() returns setof text language sql stable as $$
  select d.id from disputes d
  where d.status in ('open', 'unclear', 'lost')
    and not exists (select from incidents i where i.kind in ('dispute-opened', 'dispute-unclear', 'dispute-lost', 'dispute-turned')
                                              and i.details ->> 'dispute' = d.id)
$$;

-- I23. No row of the audit was changed, removed or inserted outside the product: the whole chain in one statement. Called by the
-- release before only; this one verifies in pieces (records/audit/verifying.ts).
create or replace function broken_i23_audit_chain() returns setof text language sql stable as $$
  select concat_ws(' ', 'seal ' || position, 'row ' || audit_id) || ': ' || fault from verify_audit()
$$;

-- How many rows there are of every kind that is checked. Called so by earlier releases too.
create or replace function book_counts() returns jsonb language sql stable as $$
  select jsonb_build_object(
    'accounts', (select count(*) from users),
    'subscriptions', (select count(*) from subscriptions),
    'orders', (select count(*) from orders),
    'paid orders', (select count(*) from orders where paid_at is not null),
    'payments', (select count(*) from payments),
    'periods', (select count(*) from subscription_periods),
    'receipts', (select count(*) from receipts),
    'refunds', (select count(*) from refunds),
    'disputes', (select count(*) from disputes),
    'mails', (select count(*) from mails),
    'deliveries', (select count(*) from webhook_events),
    'audit rows', (select count(*) from audit))
$$;
