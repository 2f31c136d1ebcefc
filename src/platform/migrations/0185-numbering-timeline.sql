-- On which timeline numbers of receipts and credit notes are given, and whether commits waited for a replica when the last one was. A
-- promoted replica begins another timeline: if commits did not wait for it, it may lack numbers that were mailed already.
create table numbering_timeline (
  only_one    boolean primary key default true check (only_one),
  timeline    integer not null,
  synchronous boolean not null,
  noted_at    timestamptz not null default now()
);

-- Numbers that were given and lost, so that nobody else gets them.
create table lost_numbers (
  letter         text not null check (letter in ('R', 'C')),
  financial_year text not null,
  first_serial   integer not null,
  last_serial    integer not null,
  noted_at       timestamptz not null default now(),
  primary key (letter, financial_year, first_serial),
  check (last_serial >= first_serial)
);
