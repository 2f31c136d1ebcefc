-- Days on which the exchange is open although it is a weekend or a holiday: Muhurat, a Budget Saturday or Sunday.
create table special_sessions (
  day  date primary key,
  name text not null
);

-- Names by which an instrument was known before. Its symbol in `instruments` is the present one; the ISIN is what it is. A name
-- can be given up more than once: two funds that swapped their symbols may swap them again.
create table former_names (
  symbol    text not null references instruments on update cascade on delete cascade,
  kind      text not null check (kind in ('symbol', 'isin')),
  name      text not null,
  until_day date not null,                                             -- the last day it was known by this name
  primary key (kind, name, until_day)
);
create index former_names_of on former_names (symbol);

-- A renamed instrument keeps its history: what stands under its symbol goes with it.
alter table prices drop constraint prices_symbol_fkey,
  add constraint prices_symbol_fkey foreign key (symbol) references instruments on update cascade;
alter table splits drop constraint splits_symbol_fkey,
  add constraint splits_symbol_fkey foreign key (symbol) references instruments on update cascade;
alter table real_jumps drop constraint real_jumps_symbol_fkey,
  add constraint real_jumps_symbol_fkey foreign key (symbol) references instruments on update cascade;

-- What a file calls a price's instrument, where that is none of its names on that day. Questions about names are asked from
-- it, and a name that turns out to be another fund's takes exactly its own prices along.
alter table prices add column seen_symbol text, add column seen_isin text;
create index prices_of_other_names on prices (import_id) where seen_symbol is not null or seen_isin is not null;

-- Files that could not be read at all, beside good ones: [{file, sentence}].
alter table imports add column refused jsonb not null default '[]',
  drop constraint imports_origin_check,
  add constraint imports_origin_check check (origin in ('upload', 'command', 'feed', 'sample'));

-- A restated price accounts for the splits up to this day, the last one of its file; later splits are applied to it. Null: a
-- price as it was traded, or one that an earlier release stored, which then accounts for every split.
alter table prices add column restated_as_of date;
update prices p
set restated_as_of = f.last_day
from (select import_id, symbol, file, max(day) as last_day from prices where basis = 'restated' group by import_id, symbol, file) f
where p.basis = 'restated' and (p.import_id, p.symbol, p.file) = (f.import_id, f.symbol, f.file);

-- Which of the import's files that do not say their basis a price is from, counted from 1: one archive may hold several, beside
-- others that do say it. Null: its file says it.
alter table prices add column part integer;

-- A move that was confirmed with an import counts as long as the import does, like a split. Null: it stays by itself.
alter table real_jumps drop constraint real_jumps_pkey,
  add column id bigint generated always as identity primary key,
  add column import_id bigint references imports on delete cascade;
create unique index one_move_per_day_and_import on real_jumps (symbol, day, coalesce(import_id, 0));

-- What somebody has to answer before an import may count: whether a new symbol or ISIN is the same instrument's, and whether a
-- file of unknown origin accounts for splits.
create table import_questions (
  import_id   bigint not null references imports on delete cascade,
  kind        text not null check (kind in ('rename', 'isin', 'basis')),
  symbol      text not null references instruments on update cascade on delete cascade,
  seen        text not null,                                           -- the other symbol or ISIN; for 'basis' the file
  file        smallint,                                                -- for 'basis': its place, as prices have it
  part        integer,                                                 -- for 'basis': as prices have it
  first_day   date not null,
  last_day    date not null,
  prices      integer not null,
  answer      text check (answer in ('same', 'other', 'traded', 'restated')),   -- null: it waits
  answered_by text,
  primary key (import_id, kind, symbol, seen)
);
