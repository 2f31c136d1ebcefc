-- How often public pages were opened, by day and by where the visitor came from; kept for 90 days. No row is about a person.
create table visits (
  day    date not null,                                                   -- in India
  page   text not null,
  source text not null,
  views  integer not null check (views > 0),
  primary key (day, page, source)
);
create index visits_by_source on visits (day, source);

-- Where a registration came from: kept for 90 days too, and gone with the account.
create table registration_sources (
  user_id       uuid primary key references users,
  source        text not null,
  registered_at timestamptz not null default now()
);
create index registration_sources_by_time on registration_sources (registered_at);
