-- A period is bought by an order or granted by an administrator, and says which.
alter table subscription_periods drop constraint subscription_periods_pkey;
alter table subscription_periods
  add column id           uuid primary key default gen_random_uuid(),
  add column granted_by   text,                                        -- 'user:<id>' of the admin
  add column grant_reason text,
  add column grant_key    text,                                        -- from the form: a double click is one grant
  add column voided_by    text,                                        -- who cancelled it; null when a refund ended it
  add column void_reason  text,
  alter column order_id drop not null,
  alter column plan_key drop not null,
  add constraint one_period_per_order unique (order_id),
  add constraint one_period_per_grant unique (grant_key),
  add constraint bought_or_granted check ((order_id is null) = (granted_by is not null)),
  add constraint granted_says_why check
    ((granted_by is null) = (grant_reason is null) and (granted_by is null) = (grant_key is null)),
  add constraint bought_names_its_plan check (order_id is null or plan_key is not null),
  add constraint cancelled_says_why check
    ((voided_by is null) = (void_reason is null) and (voided_by is null or voided_at is not null));
create index periods_of_user on subscription_periods (user_id, ends_at);

-- `is_paid` says that money is behind the access that runs; whether there is access say the status and the end alone.
alter table subscriptions add constraint running_has_a_period check
  (status not in ('active', 'grace') or current_period_end is not null);
drop index subscriptions_by_end;
create index subscriptions_by_end on subscriptions (current_period_end) where status in ('active', 'grace');

-- What the panel's list of people walks along, newest first, and what its search looks up.
create index subscriptions_newest on subscriptions (created_at desc, user_id desc);
create index subscriptions_by_status on subscriptions (status, created_at desc, user_id desc);
create index subscriptions_by_plan on subscriptions (plan_key, created_at desc, user_id desc);
create index users_newest on users (created_at desc, id desc);
create index users_by_words on users using gin (to_tsvector('simple', name));
create index users_by_email_start on users (lower(email) text_pattern_ops);
create index users_by_username_start on users (lower(username) text_pattern_ops);
create index users_by_phone on users (phone);
create index users_staff on users (role) where role <> 'subscriber';
create index users_verified on users (id) where email_verified_at is not null;
create index users_unverified on users (id) where email_verified_at is null;
create index incidents_of_user on incidents (user_id, id);
create index refunds_of_user on refunds (user_id, created_at desc);
