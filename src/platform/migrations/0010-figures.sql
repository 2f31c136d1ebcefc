-- What the panel's home shows, kept beside the books so that nobody waits while whole tables are read. Everything here
-- can be thrown away: the job `figures` computes it again from the books.

-- One row an Indian day, for days that were computed; a day without a row is not known, which is not zero.
create table daily_figures (
  day              date primary key,
  registered       integer not null,                                   -- accounts of subscribers
  opened           integer not null,                                   -- orders
  paid             integer not null,                                   -- orders, by the time of their receipt
  gross_paise      bigint not null,                                    -- receipts
  refunds          integer not null,
  refunded_paise   bigint not null,                                    -- credit notes, of whatever day's sale
  attempts_paid    integer not null,                                   -- attempts begun on the day, by how they ended
  attempts_failed  integer not null,
  failures         jsonb not null,                                     -- failure_group → how many
  joined           integer not null,                                   -- paid for the first time
  returned         integer not null,                                   -- paid again after their access had ended
  churned          integer not null,                                   -- their paid access ended
  rescued          integer not null,                                   -- orders that only the reconciler heard of
  rescued_paise    bigint not null,
  computed_at      timestamptz not null
);

-- Counts over everybody, as they were a moment ago. One row.
create table figure_snapshot (
  only_one boolean primary key default true check (only_one),
  taken_at timestamptz not null,
  took_ms  integer not null,
  figures  jsonb not null                                              -- src/admin/metrics/queries.ts SubscriberCounts
);

-- Who pays at an instant: bought periods that end after it. All that is asked stands in the index.
create index periods_bought_by_end on subscription_periods (ends_at) include (user_id, plan_key, created_at, voided_at)
  where order_id is not null;
-- Who began or ended early on a day.
create index periods_bought_by_day on subscription_periods (created_at) where order_id is not null;
create index periods_voided_by_day on subscription_periods (voided_at) where voided_at is not null;
-- What the reconciler rescued on a day.
create index audit_rescues on audit (at) where action = 'order.paid' and actor = 'reconciler';
-- Cashfree says paid and nothing was granted yet: none, on a good day.
create index orders_paid_not_granted on orders (created_at) where gateway_status = 'PAID' and status <> 'paid';
