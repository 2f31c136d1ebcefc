-- What checking the books came to; the last thirty are kept.
create table book_checks (
  id         bigint generated always as identity primary key,
  checked_at timestamptz not null default now(),
  took_ms    integer not null,
  broken     integer not null,                                         -- invariants that do not hold
  report     jsonb not null                                            -- src/operations/integrity/queries.ts IntegrityReport
);
