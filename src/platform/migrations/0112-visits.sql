-- Up to which session a person last saw the dashboard, and the one before that: what changed between is said until the next.
create table dashboard_visits (
  user_id uuid primary key references users on delete cascade,
  since   date,            -- null on the first visit
  seen    date not null
);
