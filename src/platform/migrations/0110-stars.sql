-- The watch-list of a person: the instruments they starred. A star follows a renamed symbol.
create table stars (
  user_id    uuid not null references users on delete cascade,
  symbol     text not null references instruments on update cascade on delete cascade,
  created_at timestamptz not null default now(),
  primary key (user_id, symbol)
);
create index stars_of_instrument on stars (symbol);
