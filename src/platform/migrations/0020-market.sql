-- What is followed: sector ETFs, the benchmark they are measured against, and others for comparison.
create table instruments (
  symbol      text primary key check (symbol ~ '^[A-Z0-9&-]{1,20}$'),   -- as NSE writes it
  name        text not null,                                           -- the sector, as the dashboard says it
  kind        text not null check (kind in ('sector', 'benchmark', 'other')),
  tracks      text not null default '',                                -- the index behind it
  isin        text check (isin ~ '^INF[A-Z0-9]{8}[0-9]$'),
  shown       boolean not null default true,
  verified_on date,                                                    -- when a person last checked symbol and index
  created_at  timestamptz not null default now()
);
create unique index one_benchmark on instruments (kind) where kind = 'benchmark';

insert into instruments (symbol, name, kind, tracks, isin) values
  ('NIFTYBEES', 'Nifty 50', 'benchmark', 'Nifty 50 TRI', 'INF204KB14I2'),
  ('BANKBEES', 'Banks', 'sector', 'Nifty Bank TRI', 'INF204KB15I9'),
  ('PSUBNKBEES', 'PSU banks', 'sector', 'Nifty PSU Bank TRI', 'INF204KB16I7'),
  ('PVTBANIETF', 'Private banks', 'sector', 'Nifty Private Bank', null),
  ('ITBEES', 'IT', 'sector', 'Nifty IT', null),
  ('PHARMABEES', 'Pharma', 'sector', 'Nifty Pharma', null),
  ('HEALTHIETF', 'Healthcare', 'sector', 'Nifty Healthcare', null),
  ('AUTOBEES', 'Auto', 'sector', 'Nifty Auto', null),
  ('FMCGIETF', 'FMCG', 'sector', 'Nifty FMCG TRI', null),
  ('CONSUMBEES', 'Consumption', 'sector', 'Nifty India Consumption', null),
  ('METALIETF', 'Metal', 'sector', 'Nifty Metal TRI', null),
  ('OILIETF', 'Oil & gas', 'sector', 'Nifty Oil & Gas TRI', null),
  ('INFRABEES', 'Infra', 'sector', 'Nifty Infrastructure', null),
  ('FINIETF', 'Financials ex banks', 'sector', 'Nifty Financial Services Ex-Bank', null),
  ('MOREALTY', 'Realty', 'sector', 'Nifty Realty', null),
  ('CPSEETF', 'PSU', 'sector', 'Nifty CPSE', null),
  ('MODEFENCE', 'Defence', 'sector', 'Nifty India Defence', null);

-- Files that were read together. Their prices count from the moment the import is committed and until it is undone, so
-- committing and undoing are one row changing, however many prices there are.
create table imports (
  id           bigint generated always as identity primary key,
  status       text not null default 'reading' check (status in ('reading', 'held', 'committed', 'undone', 'dropped')),
  origin       text not null check (origin in ('upload', 'command', 'sample')),
  created_by   text not null,                                          -- actor
  files        jsonb not null default '[]',                            -- [{name, bytes, sha256, format, prices}]
  problems     jsonb not null default '[]',                            -- [{file, line, sentence}], the first hundred
  problem_count integer not null default 0,
  created_at   timestamptz not null default now(),
  committed_at timestamptz,
  undone_at    timestamptz
);
create index imports_committed on imports (committed_at) where status = 'committed';

-- Closing prices in rupees, as their file says; never edited. Of several for one day the newest committed import's counts.
create table prices (
  import_id bigint not null references imports on delete cascade,
  symbol    text not null references instruments,
  day       date not null,
  close     double precision not null check (close > 0),
  basis     text not null check (basis in ('traded', 'restated')),     -- restated: splits are accounted for already
  file      smallint not null,                                         -- place in the import's files
  line      integer not null,
  primary key (import_id, symbol, day)
);
create index prices_of_symbol on prices (symbol, day);

-- A split restates what was traded before its day; the prices stay as they are. `ratio` new units for one old. One that
-- was confirmed with an import counts as long as the import does.
create table splits (
  id           bigint generated always as identity primary key,
  symbol       text not null references instruments,
  day          date not null,
  ratio        double precision not null check (ratio > 0 and ratio <> 1),
  import_id    bigint references imports on delete cascade,            -- null: entered by hand
  confirmed_by text not null,
  created_at   timestamptz not null default now()
);
create unique index one_split_per_day_and_import on splits (symbol, day, coalesce(import_id, 0));

-- A jump that was looked at, and is the market's.
create table real_jumps (
  symbol       text not null references instruments,
  day          date not null,
  confirmed_by text not null,
  created_at   timestamptz not null default now(),
  primary key (symbol, day)
);

-- Weekdays on which the exchange is closed.
create table holidays (
  day  date primary key,
  name text not null
);
insert into holidays (day, name) values
  ('2026-01-26', 'Republic Day'), ('2026-08-15', 'Independence Day'), ('2026-10-02', 'Gandhi Jayanti'), ('2026-12-25', 'Christmas');

-- Its version changes with everything the analysis is made of; what was computed from another is not shown.
create table market_state (
  only_row   boolean primary key default true check (only_row),
  version    bigint not null default 1,
  changed_at timestamptz not null default now()
);
insert into market_state default values;
