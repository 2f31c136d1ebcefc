-- A reader chooses among sectors, themes and broad indices, and among the instruments that everything may be measured against.
-- What was followed so far is a sector, so that nobody's ranks change.
alter table instruments
  add column universe text not null default 'sector' check (universe in ('sector', 'theme', 'broad')),
  add column is_benchmark_choice boolean not null default false;     -- the one of kind 'benchmark' always is one
update instruments set universe = 'broad', is_benchmark_choice = true where kind = 'benchmark';

-- Two broad indices to begin with, where no real price was ever imported: a demo, or a site that is being set up. A running one
-- adds them in the panel when it likes.
insert into instruments (symbol, name, kind, tracks, universe, is_benchmark_choice)
select symbol, name, 'other', tracks, 'broad', true
from (values ('JUNIORBEES', 'Nifty Next 50', 'Nifty Next 50 TRI'), ('MID150BEES', 'Midcap 150', 'Nifty Midcap 150 TRI'))
     broad (symbol, name, tracks)
where not exists (select from imports where origin <> 'sample')
on conflict do nothing;

-- The demo's sample has none of their prices: it is invented anew at the next start.
delete from imports where origin = 'sample' and status = 'committed';
update market_state set version = version + 1, changed_at = now();
