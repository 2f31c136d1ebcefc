-- 'admin' may do everything in the panel; 'admin-read' may look at everything and change nothing.
alter table users drop constraint users_role_check;
alter table users add constraint users_role_check check (role in ('subscriber', 'admin', 'admin-read'));

alter table users
  add column email_verified_at timestamptz,
  add column consented_to      text,                                   -- version of the terms and the privacy notice
  add column consented_at      timestamptz,
  add column suspended_at      timestamptz,                            -- may not log in; what was paid for runs on
  add column suspended_reason  text,
  add column deleted_at        timestamptz,                            -- pseudonymised; receipts keep what the law asks
  add constraint suspended_says_why check ((suspended_at is null) = (suspended_reason is null));
alter table users alter column phone drop not null;
alter table users add constraint only_the_deleted_have_no_phone check (phone is not null or deleted_at is not null);

-- `handle` names a session on pages; the hash of its secret never leaves the table.
alter table sessions
  add column handle           uuid not null unique default gen_random_uuid(),
  add column network          text not null default '',                -- the address without its last part
  add column second_factor_at timestamptz,                             -- admins are nobody until then
  add column confirmed_at     timestamptz;                             -- last time password and code were given for an act

-- A link sent by mail: to confirm an address, or to choose a new password. Its secret is made when the mail is composed;
-- only the SHA-256 is here. A newer one of the same purpose ends the older.
create table account_links (
  id           uuid primary key default gen_random_uuid(),
  user_id      uuid not null references users on delete cascade,
  purpose      text not null check (purpose in ('verify-email', 'change-email', 'reset-password')),
  email        text not null,                                          -- the address it was sent to, and confirms
  secret_hash  bytea unique,
  created_at   timestamptz not null default now(),
  expires_at   timestamptz not null default now() + interval '30 minutes',
  used_at      timestamptz
);
create index account_links_of_user on account_links (user_id, created_at desc);

-- Failed tries by key (a hash of what was typed as account, or of a network): after some free ones each doubles the wait.
create table login_throttle (
  key_hash       bytea primary key,
  failures       integer not null default 0,
  blocked_until  timestamptz,
  last_failed_at timestamptz not null default now()
);
create index login_throttle_by_age on login_throttle (last_failed_at);

-- Browsers that an account has logged in from: a stranger's guesses do not make them wait.
create table known_devices (
  id_hash      bytea not null,                                         -- one browser may be several people's
  user_id      uuid not null references users on delete cascade,
  created_at   timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  primary key (id_hash, user_id)
);
create index known_devices_of_user on known_devices (user_id);
create index known_devices_by_age on known_devices (last_used_at);

-- Requests counted per door and address, for all processes together. Not worth a write-ahead log.
create unlogged table rate_counters (
  key       text primary key,
  count     integer not null,
  resets_at timestamptz not null
);
create index rate_counters_by_end on rate_counters (resets_at);

-- An administrator's second factor. The secret is sealed with a key from the environment; a code's step is used once.
create table second_factors (
  user_id       uuid primary key references users on delete cascade,
  sealed_secret bytea not null,
  created_at    timestamptz not null default now(),
  enrolled_at   timestamptz,                                           -- null: shown, not yet proved
  last_step     bigint not null default 0,                             -- thirty-second step of the last code taken
  failures      integer not null default 0,
  blocked_until timestamptz
);
create table recovery_codes (
  user_id   uuid not null references users on delete cascade,
  code_hash bytea not null,
  used_at   timestamptz,
  primary key (user_id, code_hash)
);
