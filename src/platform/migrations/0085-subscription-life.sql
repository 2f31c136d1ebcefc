-- The whole life of a subscription: its day of the month, leaving and coming back, another plan, discounts, gifts, companies
-- as buyers, reminders, announced prices, and papers that are corrected.

-- What operators set and SQL must know: written at start-up from the settings of the newest process.
create table product_settings (
  only_one   boolean primary key default true check (only_one),
  grace_days integer not null default 3 check (grace_days between 0 and 60)
);
insert into product_settings default values;

alter table subscriptions
  add column anchor_day          smallint check (anchor_day between 1 and 31),    -- Indian day of the month on which periods begin
  add column cancel_requested_at timestamptz,                                     -- its owner leaves at the period's end
  add column cancel_reason       text,
  add column cancel_comment      text,
  add column next_plan           text;                                            -- name of the plan chosen from the period's end on

alter table users add column reminders_stopped_at timestamptz;

-- A switch is another plan at once, with the unused days credited. A gift gives its buyer no period.
alter table orders
  add column purpose        text not null default 'period' check (purpose in ('period', 'switch', 'gift')),
  add column discount_paise integer not null default 0 check (discount_paise >= 0),   -- of a coupon; amount_paise is without it
  add column credit_paise   integer not null default 0 check (credit_paise >= 0),     -- for unused days; amount_paise is without it
  add column company        jsonb;                                                    -- {legalName, address, gstin}, frozen when paid
drop index one_open_order;
create unique index one_open_order on orders (user_id, plan_key, purpose) where status in ('created', 'active');

-- What a switch credits of each period that it ends. It counts once the order is paid.
create table order_credits (
  order_id     text not null references orders,
  period_id    uuid not null references subscription_periods,
  unused_days  integer not null check (unused_days > 0),
  credit_paise integer not null check (credit_paise >= 0),
  primary key (order_id, period_id)
);
create index order_credits_of_period on order_credits (period_id);

create table coupons (
  code               text primary key check (code ~ '^[A-Z0-9]{3,20}$'),
  percent            integer check (percent between 1 and 99),
  amount_paise       integer check (amount_paise > 0),
  starts_at          timestamptz not null default now(),
  ends_at            timestamptz,
  max_uses           integer check (max_uses > 0),
  max_discount_paise bigint check (max_discount_paise > 0),            -- of all uses together
  plan_names         jsonb,                                            -- ["annual"]; null: every plan
  created_by         text not null,
  created_at         timestamptz not null default now(),
  withdrawn_at       timestamptz,
  constraint percent_or_amount check ((percent is null) <> (amount_paise is null)),
  constraint ends_after_it_starts check (ends_at is null or ends_at > starts_at)
);
create table coupon_claims (
  order_id       text primary key references orders,
  coupon_code    text not null references coupons,
  user_id        uuid not null references users,
  discount_paise integer not null check (discount_paise > 0),
  claimed_at     timestamptz not null default now(),
  released_at    timestamptz                                           -- its order died unpaid
);
create unique index one_use_of_a_coupon_per_person on coupon_claims (coupon_code, user_id) where released_at is null;

create table gifts (
  id              uuid primary key default gen_random_uuid(),
  order_id        text not null unique references orders,
  buyer_id        uuid not null references users,
  plan_key        text not null references plans,
  recipient_name  text not null,
  recipient_email text not null,
  message         text not null default '',
  deliver_on      date not null,                                       -- Indian day on which its code is mailed
  code_hash       bytea unique,                                        -- made when the mail is composed
  paid_at         timestamptz,
  redeemed_by     uuid references users,
  redeemed_at     timestamptz,
  voided_at       timestamptz,                                         -- its whole price went back
  created_at      timestamptz not null default now(),
  constraint redeemed_by_somebody check ((redeemed_by is null) = (redeemed_at is null))
);
create index gifts_of_buyer on gifts (buyer_id, created_at desc);

alter table subscription_periods
  add column gift_id     uuid unique references gifts,
  add column switched_to text references orders,                       -- the paid switch that ended it
  drop constraint bought_or_granted,
  add constraint bought_granted_or_a_gift check (num_nonnulls(order_id, granted_by, gift_id) = 1);

-- What a person's receipts are made out to, where that is a company. An order keeps a copy.
create table billing_details (
  user_id    uuid primary key references users,
  legal_name text not null,
  address    text not null default '',
  gstin      text check (gstin ~ '^[0-9]{2}[A-Z0-9]{13}$'),
  updated_at timestamptz not null default now()
);

-- A receipt says what was sold, whatever happens to the period afterwards; one that was wrong is taken back by a credit note
-- and replaced by another. None is ever changed: the receipt of an order that counts is the one that no other replaces.
alter table receipts
  add column plan_title     text,
  add column sold_from      timestamptz,
  add column sold_until     timestamptz,
  add column discount_paise integer not null default 0,
  add column credit_paise   integer not null default 0,
  add column replaces       text unique references receipts,
  drop constraint receipts_order_id_key;
update receipts r set plan_title = p.title, sold_from = period.starts_at, sold_until = period.ends_at
from orders o join plans p on p.key = o.plan_key, subscription_periods period
where o.id = r.order_id and period.order_id = r.order_id;
create unique index one_receipt_per_order on receipts (order_id) where replaces is null;

alter table credit_notes
  add column kind text not null default 'refund' check (kind in ('refund', 'correction')),
  alter column refund_id drop not null,
  add constraint refund_or_correction check ((refund_id is not null) = (kind = 'refund'));

-- Every step of the reminders before and after an end, and of those about something unpaid: once per person, occasion and step.
create table reminders (
  id            bigint generated always as identity primary key,
  user_id       uuid not null references users,
  ladder        text not null check (ladder in ('renewal', 'rescue')),
  about         text not null,                                         -- the Indian day of the end, or an order's id, or 'registration'
  step          text not null,
  plan_name     text not null,
  queued_at     timestamptz not null default now(),
  opened_at     timestamptz,                                           -- its link was used
  paid_order_id text references orders,                                -- what was paid after it
  paid_at       timestamptz,
  constraint one_reminder_per_step unique (user_id, ladder, about, step)
);
create index reminders_by_time on reminders (queued_at);

-- Links of reminders open an order of a plan and work more than once; a link to log in works once.
alter table account_links
  add column plan_name   text,
  add column reminder_id bigint references reminders,
  drop constraint account_links_purpose_check,
  add constraint account_links_purpose_check
    check (purpose in ('verify-email', 'change-email', 'reset-password', 'renew', 'log-in'));
drop index one_open_link_per_purpose;
create unique index one_open_link_per_purpose on account_links (user_id, purpose)
  where used_at is null and ended_at is null and purpose <> 'renew';

-- A price that comes into force later. Present subscribers pay it from subscribers_from on; null: they keep theirs.
create table price_changes (
  id               bigint generated always as identity primary key,
  replaces         text not null references plans,
  price_paise      integer not null check (price_paise > 0),
  effective_at     timestamptz not null,
  subscribers_from timestamptz,
  plan_key         text references plans,                              -- the version that it became
  created_by       text not null,
  created_at       timestamptz not null default now(),
  announced_at     timestamptz,
  applied_at       timestamptz,
  withdrawn_at     timestamptz,
  constraint subscribers_pay_it_no_earlier check (subscribers_from is null or subscribers_from >= effective_at)
);
create unique index one_price_change_at_a_time on price_changes (replaces) where applied_at is null and withdrawn_at is null;
