-- A payer asks their bank for the money back. One row per dispute of Cashfree's; written by settle_disputes alone.
create table disputes (
  id                 text primary key check (id <> ''),                -- Cashfree's number
  order_id           text not null references orders,
  cf_payment_id      text references payments,                         -- null: names no payment of this order that we know
  user_id            uuid not null references users,
  type               text not null,                                    -- Cashfree's word: 'CHARGEBACK', 'PRE_ARBITRATION'…
  gateway_status     text not null,                                    -- Cashfree's word: 'CHARGEBACK_CREATED'…
  status             text not null check (status in ('open', 'under-review', 'won', 'lost', 'unclear')),
  amount_paise       bigint check (amount_paise > 0),                  -- may be less than was paid; null: no amount could be read
  currency           text,
  reason_code        text,
  reason             text,
  remarks            text,                                             -- Cashfree's, to us
  respond_by         timestamptz,
  opened_at          timestamptz not null,                             -- at Cashfree
  gateway_updated_at timestamptz,
  created_at         timestamptz not null default now(),
  closed_at          timestamptz,
  lost_at            timestamptz,                                      -- when the money was first booked as lost; stays
  looks              integer not null default 0,
  next_look_at       timestamptz,                                      -- null: nothing more to ask
  constraint closed_has_its_time check ((status in ('won', 'lost')) = (closed_at is not null)),
  constraint lost_money_is_known check (status <> 'lost' or (amount_paise is not null and cf_payment_id is not null and lost_at is not null))
);
create index disputes_of_order on disputes (order_id);
create index disputes_of_payment on disputes (cf_payment_id);
create index disputes_of_user on disputes (user_id);
create index disputes_waiting on disputes (respond_by, id) where closed_at is null;
create index disputes_newest on disputes (opened_at desc, id desc);
create index disputes_lost_by_day on disputes (lost_at) where lost_at is not null;
create index disputes_to_look_at on disputes (next_look_at) where next_look_at is not null;

-- The dispute a delivery names: it is not settled before Cashfree's own list has it.
alter table webhook_events add column dispute_id text;
create index webhook_events_of_disputes on webhook_events (received_at) where dispute_id is not null and settled_at is null;

-- Null in days that were computed by a release which knew of no disputes.
alter table daily_figures add column disputes integer, add column disputed_paise bigint,  -- by the day they were opened
                          add column lost     integer, add column lost_paise     bigint;  -- by the day they were lost
