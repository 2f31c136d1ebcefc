-- People and their sessions.
create table users (
  id            uuid primary key default gen_random_uuid(),
  username      text not null,
  email         text not null,
  name          text not null,
  phone         text not null check (phone ~ '^\+91[6-9][0-9]{9}$'),   -- E.164; never a placeholder
  state_code    text not null check (state_code ~ '^[0-9]{2}$'),      -- GST code of the place of supply
  role          text not null default 'subscriber' check (role in ('subscriber', 'admin')),
  password_hash text not null,                                         -- argon2id, PHC string
  created_at    timestamptz not null default now()
);
create unique index one_account_per_username on users (lower(username));
create unique index one_account_per_email on users (lower(email));

-- The cookie holds a random id; only its SHA-256 is here, so a copy of this table opens no session.
create table sessions (
  id_hash      bytea primary key,
  user_id      uuid not null references users on delete cascade,
  created_at   timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at   timestamptz not null,                                   -- the absolute end, whatever is seen
  user_agent   text not null default ''
);
create index sessions_of_user on sessions (user_id);
create index sessions_by_end on sessions (expires_at);
