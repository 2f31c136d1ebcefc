-- Read-only keys for the market's JSON. Of a key only its hash is stored, and its last four characters to tell it from others;
-- a revoked key is deleted, and the audit says that it was.
create table api_keys (
  handle uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id),
  name text not null check (char_length(name) between 1 and 60),
  key_hash bytea not null unique check (octet_length(key_hash) = 32),
  ending text not null check (char_length(ending) = 4),
  created_at timestamptz not null default now(),
  last_used_on date
);
create index api_keys_of_user on api_keys (user_id);
