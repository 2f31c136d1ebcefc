-- A gift is paid for as well: its period counts in the figures as one that was bought.
drop index periods_bought_by_end;
create index periods_paid_by_end on subscription_periods (ends_at) include (user_id, plan_key, created_at, voided_at)
  where granted_by is null;
drop index periods_bought_by_day;
create index periods_paid_by_day on subscription_periods (created_at) where granted_by is null;

-- Who has cancelled, for the panel's list and the count of reasons.
create index subscriptions_leaving on subscriptions (created_at desc, user_id desc) where cancel_requested_at is not null;
