-- A link may end unused: a newer one was asked for, the password was changed. One of a purpose is open at a time.
alter table account_links add column ended_at timestamptz;
create unique index one_open_link_per_purpose on account_links (user_id, purpose) where used_at is null and ended_at is null;

-- Addresses whose password somebody says they forgot, whether or not there is such an account: a job looks and answers
-- by mail, so that the one who asks learns nothing, not even from the time it took. Rows live for seconds.
create table reset_requests (
  email    text primary key,                                           -- in lower case
  origin   jsonb not null,
  asked_at timestamptz not null default now()
);
