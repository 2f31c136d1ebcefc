-- Two people at one instrument: who changes it says which state of it they saw.
alter table instruments add column revision integer not null default 1;

-- What the clean-up looks for.
create index imports_reading on imports (created_at) where status = 'reading';
