-- Net asset values in rupees of one unit, as their file says; never edited. Of several for one day the newest committed import's counts.
create table navs (
  import_id bigint not null references imports on delete cascade,
  symbol    text not null references instruments on update cascade on delete cascade,
  day       date not null,
  nav       double precision not null check (nav > 0),
  file      smallint not null,                                         -- place in the import's files
  line      integer not null,
  primary key (import_id, symbol, day)
);
create index navs_of_symbol on navs (symbol, day);

-- The demo's sample has none: it is invented anew at the next start.
delete from imports where origin = 'sample' and status = 'committed';
update market_state set version = version + 1, changed_at = now();
