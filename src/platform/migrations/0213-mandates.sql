-- Permissions to debit a person, as Cashfree's subscriptions hold them (UPI Autopay). Ours before they are Cashfree's, like orders.
-- What refers to an order is written from its row, so nothing is checked against that table here (see 0206).
create table mandates (
  id                   uuid primary key default gen_random_uuid(),
  user_id              uuid not null references users,
  subscription_id      text not null unique check (subscription_id ~ '^sub_[0-9a-f]{32}$'),   -- the id that Cashfree knows
  cf_subscription_id   text,
  idempotency_key      uuid not null default gen_random_uuid(),          -- of the create call; same body, same key
  plan_id              text not null,                                    -- Cashfree's plan, which holds the ceiling
  max_paise            integer not null check (max_paise > 0),           -- of one debit
  authorisation_paise  integer not null check (authorisation_paise > 0), -- what is debited at the start
  refund_authorisation boolean not null,                                 -- Cashfree gives that back: it buys nothing
  first_order_id       text unique,                                      -- what the authorisation pays
  authorisation_payment text,                                            -- Cashfree's payment, where it is given back
  status               text not null default 'CREATED',                  -- Cashfree's word; until it answers, ours
  status_at            timestamptz not null default now(),
  umn                  text,                                             -- by which bank and UPI app know it
  payer_address        text,                                             -- UPI address, masked
  consent_version      text not null,
  consent_text         text not null,                                    -- the sentence that was agreed to
  expires_at           timestamptz not null,
  created_at           timestamptz not null default now(),
  authorised_at        timestamptz,
  cancel_asked_at      timestamptz,                                      -- nothing is debited from then on
  ended_at             timestamptz,
  ended_by             text check (ended_by in ('customer', 'site', 'admin', 'deletion', 'cashfree')),
  next_look_at         timestamptz default now() + interval '1 minute',
  looks                integer not null default 0,
  constraint what_is_given_back_buys_nothing check (refund_authorisation = (first_order_id is null))
);
create unique index one_mandate_per_person on mandates (user_id) where ended_at is null and cancel_asked_at is null;
create index mandates_of_user on mandates (user_id, created_at desc);
create index mandates_to_look_at on mandates (next_look_at) where next_look_at is not null;
comment on index one_mandate_per_person is 'One mandate for a person; whose subscription ends and has one.';
comment on index mandates_of_user is 'A person’s mandates: account, panel, deletion.';
comment on index mandates_to_look_at is 'What Cashfree is asked about next.';

-- Debits under a mandate, each for one period. The payment id is that of the order behind it.
create table mandate_charges (
  payment_id      text primary key check (payment_id ~ '^c_[0-9a-f]{32}_[0-9]{8}(_[2-9])?$'),
  mandate_id      uuid not null references mandates,
  period_start    timestamptz not null,                                  -- the end of the subscription that it goes on from
  attempt         smallint not null check (attempt between 1 and 9),
  paise           integer not null check (paise > 0),
  scheduled_on    date not null,                                         -- the Indian day of the debit
  idempotency_key uuid not null default gen_random_uuid(),
  created_at      timestamptz not null default now(),
  asked_at        timestamptz,                                           -- the call that raises it was begun: Cashfree may know it
  raised_at       timestamptz,                                           -- Cashfree accepted it
  noticed_at      timestamptz,                                           -- the person's notice was queued
  cf_payment_id   text,
  status          text not null default 'STORED',                        -- Cashfree's word; until it answers, ours
  retries         integer not null default 0,
  failure_reason  text,
  withdrawn_why   text,                                                  -- why we do not want it any more
  cancel_asked_at timestamptz,
  final_at        timestamptz,                                           -- no more is expected; money that comes counts all the same
  next_look_at    timestamptz,
  unique (mandate_id, period_start, attempt)
);
create unique index one_open_charge_per_mandate on mandate_charges (mandate_id) where final_at is null;
create index charges_to_raise on mandate_charges (created_at) where raised_at is null and final_at is null;
create index charges_to_look_at on mandate_charges (next_look_at) where next_look_at is not null;
comment on index one_open_charge_per_mandate is 'One charge of a mandate at a time.';
comment on index charges_to_raise is 'Charges that Cashfree has not accepted yet.';
comment on index charges_to_look_at is 'What Cashfree is asked about next.';

-- The mandate whose debit pays this order: Cashfree has no order of this id, and is asked about the mandate instead.
alter table orders add column mandate_id uuid;
