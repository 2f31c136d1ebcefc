-- Where instruments stood after a session, as alerts compare it: computed once for everybody. Prices that change make another
-- state of the same session; the one before stays while somebody was told of it.
create table alert_states (
  id          bigint generated always as identity primary key,
  issue       date not null,
  step        text not null check (step in ('week', 'day')),
  benchmark   text not null references instruments on update cascade,
  fingerprint text not null,                                       -- of what stands below
  created_at  timestamptz not null default now(),
  unique (issue, step, fingerprint)
);
create table alert_standings (
  state_id  bigint not null references alert_states on delete cascade,
  symbol    text not null references instruments on update cascade on delete cascade,
  quadrant  text check (quadrant in ('leading', 'weakening', 'lagging', 'improving')),  -- null for a provisional one too
  ratio     double precision,
  momentum  double precision,
  rank      integer,
  mansfield double precision,
  rs        double precision,
  is_high   boolean,                                               -- the RS line is at its highest of 52 weeks
  primary key (state_id, symbol)
);
create index alert_standings_of_instrument on alert_standings (symbol);

-- What a person wants to be told. Without a row: nothing was ever chosen.
create table alert_choices (
  user_id     uuid primary key references users on delete cascade,
  is_on       boolean not null default false,
  step        text not null default 'week' check (step in ('week', 'day')),
  scope       text not null default 'all' check (scope in ('all', 'starred', 'chosen')),
  quadrant    boolean not null default true,
  top         smallint check (top between 1 and 50),               -- into or out of so many; null: not told
  mansfield   boolean not null default false,
  high        boolean not null default false,
  quiet_from  smallint check (quiet_from between 0 and 1439),      -- minutes of the Indian day
  quiet_until smallint check (quiet_until between 0 and 1439),
  link        text not null unique check (length(link) = 43),      -- as in report_choices: it opens nothing but this row
  told_state  bigint references alert_states,                      -- what they know; null: the next state, without a mail
  revision    integer not null default 1,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  constraint quiet_from_and_until check ((quiet_from is null) = (quiet_until is null)),
  constraint tells_something check (quadrant or top is not null or mansfield or high)
);
create index alert_choices_on on alert_choices (step, user_id) where is_on;
create index alert_choices_told on alert_choices (told_state);
create table alert_sectors (
  user_id uuid not null references alert_choices on delete cascade,
  symbol  text not null references instruments on update cascade on delete cascade,
  primary key (user_id, symbol)
);
create index alert_sectors_of_instrument on alert_sectors (symbol);

-- What a person was told of a session, once.
create table alert_digests (
  user_id    uuid not null references users on delete cascade,
  issue      date not null,
  from_state bigint references alert_states,
  to_state   bigint not null references alert_states,
  changes    jsonb not null,
  created_at timestamptz not null default now(),
  primary key (user_id, issue)
);
create index alert_digests_from on alert_digests (from_state);
create index alert_digests_to on alert_digests (to_state);
