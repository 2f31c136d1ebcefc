-- The one who fetches prices, and how the source is doing. One row: whoever holds it works, until `held_until` at the latest, so
-- that a crash blocks nobody for long.
create table feed_state (
  is_here    boolean primary key default true check (is_here),
  holder     text,
  held_until timestamptz,
  looked_at  timestamptz,                            -- when somebody last looked, whatever was found
  next_at    timestamptz,                            -- after errors the source is not asked before this
  errors     integer not null default 0,             -- of the source as a whole, in a row
  message    text,                                   -- the last of them; null: it answers
  tried_version bigint                               -- of the market in which held imports were last tried again
);
insert into feed_state default values;

-- What became of the file of each trading day that was asked for.
create table feed_days (
  day       date primary key,
  state     text not null check (state in ('waiting', 'failed', 'held', 'committed')),
  message   text,
  tries     integer not null default 1,              -- with the same state, in a row
  missing   text[] not null default '{}',            -- instruments that traded in the days before and have no price on this one
  import_id bigint references imports on delete set null,
  asked_at  timestamptz not null,
  next_at   timestamptz                              -- waiting and failed: not asked before this
);

-- Files that were seen in the folder. One that arrives is complete once its size and time stay the same.
create table feed_files (
  id          bigint generated always as identity primary key,
  name        text not null,
  bytes       bigint not null,
  modified_at timestamptz not null,
  seen_at     timestamptz not null,                  -- first seen with this size and time
  state       text not null default 'arriving' check (state in ('arriving', 'committed', 'held', 'known', 'refused')),
  message     text,
  import_id   bigint references imports on delete set null,
  settled_at  timestamptz
);
create unique index one_arriving_file_per_name on feed_files (name) where state = 'arriving';
