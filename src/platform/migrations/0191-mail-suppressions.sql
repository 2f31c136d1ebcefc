-- What mail providers told of addresses that we wrote to, each event once, for 90 days.
create table mail_notifications (
  id          bigint generated always as identity primary key,
  provider    text not null,                                           -- 'ses', 'postmark', 'json'
  key         text not null,                                           -- the event's id there
  email       text not null check (email = lower(email)),
  kind        text not null check (kind in ('hard-bounce', 'soft-bounce', 'complaint')),
  reason      text not null default '',
  received_at timestamptz not null default now(),
  constraint told_once unique (provider, key, email)
);
create index mail_notifications_of_address on mail_notifications (email);
create index mail_notifications_by_age on mail_notifications (received_at);

-- Addresses that get no mail (hard bounce), or none that they did not ask for (complaint), until somebody lifts it.
create table mail_suppressions (
  id       bigint generated always as identity unique,
  email    text primary key check (email = lower(email)),
  kind     text not null check (kind in ('hard-bounce', 'complaint')),
  reason   text not null default '',
  provider text not null,
  since    timestamptz not null default now()
);
