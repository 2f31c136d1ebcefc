-- Another fund of the same sector: it has prices, and stands on the sector's page instead of in the ranks.
alter table instruments
  add column alternative_of text references instruments on update cascade on delete set null check (alternative_of <> symbol);
create index alternatives_of on instruments (alternative_of) where alternative_of is not null;

-- Three to begin with where no real price was ever imported: a demo, or a site that is being set up.
insert into instruments (symbol, name, kind, tracks, alternative_of)
select a.symbol, a.name, 'other', a.tracks, a.sector
from (values ('BANKIETF', 'ICICI Prudential Nifty Bank ETF', 'Nifty Bank TRI', 'BANKBEES'),
             ('SETFNIFBK', 'SBI Nifty Bank ETF', 'Nifty Bank TRI', 'BANKBEES'),
             ('ITIETF', 'ICICI Prudential Nifty IT ETF', 'Nifty IT', 'ITBEES')) a (symbol, name, tracks, sector)
where not exists (select from imports where origin <> 'sample') and exists (select from instruments i where i.symbol = a.sector)
on conflict do nothing;

-- The demo's sample has neither their prices nor any volumes: it is invented anew at the next start.
delete from imports where origin = 'sample' and status = 'committed';
update market_state set version = version + 1, changed_at = now();
