-- Addresses that asked for a log-in link; a job answers, so that the time it takes shows nobody whether there is an account.
create table login_link_requests (
  email    text primary key,
  origin   jsonb not null,
  asked_at timestamptz not null default now()
);
