-- The outbox. A mail is a row written with the fact it tells of; jobs deliver it later, once.
create table mails (
  id              bigint generated always as identity primary key,
  kind            text not null,                                       -- 'receipt'
  subject_key     text not null,                                       -- what it is about: a receipt number, an incident
  user_id         uuid references users,
  to_name         text not null default '',
  to_email        text not null,
  status          text not null default 'queued' check (status in ('queued', 'sent', 'skipped', 'dead')),
  attempts        integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  leased_until    timestamptz,                                         -- a worker has it until then
  last_error      text,
  sent_at         timestamptz,
  created_at      timestamptz not null default now(),
  constraint one_mail_per_kind_and_subject unique (kind, subject_key)
);
create index mails_to_send on mails (next_attempt_at) where status = 'queued';

-- What did not agree, kept until a person resolves it. Nothing is granted because of a row here.
create table incidents (
  id          bigint generated always as identity primary key,
  kind        text not null,                                           -- 'amount-mismatch', 'paid-twice'…
  subject_key text not null,
  order_id    text references orders,
  user_id     uuid references users,
  details     jsonb not null,                                          -- both sides: ours and the gateway's
  opened_at   timestamptz not null default now(),
  resolved_at timestamptz,
  constraint one_incident_per_kind_and_subject unique (kind, subject_key)
);
create index incidents_open on incidents (opened_at) where resolved_at is null;

-- Every change of money state, who or what caused it, and when. Rows are only ever added.
create table audit (
  id       bigint generated always as identity primary key,
  at       timestamptz not null default clock_timestamp(),
  actor    text not null,                                              -- 'webhook', 'return', 'reconciler', 'user:<id>'…
  action   text not null,
  order_id text references orders,
  user_id  uuid references users,
  details  jsonb not null default '{}'
);
create index audit_of_order on audit (order_id, id);
create index audit_of_user on audit (user_id, id);

-- Every delivery to the webhook door with its verdict; `settled_at` is null while an accepted one awaits settlement.
create table webhook_events (
  id              bigint generated always as identity primary key,
  received_at     timestamptz not null default now(),
  accepted        boolean not null,
  verdict         text not null,                                       -- 'verified', 'wrong-signature', 'too-old'…
  type            text,
  order_id        text,                                                -- as the body says; may not be ours
  cf_payment_id   text,
  event_time      timestamptz,
  headers         jsonb not null,
  body            bytea not null,                                      -- the exact bytes that were signed
  outcome         text,                                                -- what settling it came to
  settle_attempts integer not null default 0,
  next_settle_at  timestamptz,
  settled_at      timestamptz
);
create index webhook_events_to_settle on webhook_events (next_settle_at) where settled_at is null and accepted;
create index webhook_events_of_order on webhook_events (order_id, id);
create index webhook_events_refused on webhook_events (id) where not accepted;

-- Deliveries refused since ever, by reason; only the last 1,000 keep their row.
create table webhook_refusals (
  verdict text primary key,
  count   bigint not null default 0,
  last_at timestamptz not null default now()
);
