-- What a person wants to be mailed, and when. Without a row: nothing was ever chosen.
create table report_choices (
  user_id      uuid primary key references users on delete cascade,
  cadence      text not null default 'off' check (cadence in ('off', 'weekly', 'daily')),
  weekday      smallint not null default 6 check (weekday between 1 and 7),       -- 1 is Monday; of a weekly report
  minute       smallint not null default 480 check (minute between 0 and 1439),   -- of the Indian day
  ranks        boolean not null default true,
  heat         boolean not null default true,
  map          boolean not null default true,
  -- What the manage link in every mail holds. Kept as it is: each mail has to carry it again, and it opens nothing but
  -- this row. A new one ends the old.
  link         text not null unique check (length(link) = 43),
  next_due_at  timestamptz,                                                        -- the slot that comes, or that waits for its prices
  told_late_of date,                                                               -- the issue that was said to be late
  asked_on     date,                                                               -- Indian day of the last "send me one now"
  asked        integer not null default 0,                                         -- how many on that day
  asked_key    text,                                                               -- the last one's, so that a double click is one
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  constraint due_unless_off check ((cadence = 'off') = (next_due_at is null)),
  constraint shows_something check (ranks or heat or map)
);
create index report_choices_due on report_choices (next_due_at, user_id) where next_due_at is not null;

-- Mails to many wait for mails to one. One of them that was handed to the mail server by a process which then died is not
-- sent again, for it may have arrived.
alter table mails
  add column bulk      boolean not null default false,
  add column handed_at timestamptz;
drop index mails_to_send;
create index mails_to_send on mails (bulk, next_attempt_at) where status = 'queued';
