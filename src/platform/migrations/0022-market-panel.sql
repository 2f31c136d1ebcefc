-- Two people at one instrument: who changes it says which state of it they saw.
alter table instruments add column revision integer not null default 1;

-- NSE's list of ETFs as it was last uploaded, to pick symbols from; replaced as a whole.
create table etf_list (
  symbol     text primary key,
  underlying text not null,
  name       text not null,
  isin       text not null
);

create index imports_reading on imports (created_at) where status = 'reading';
