-- NSE's own list of ETFs, as it was last read: what there is to follow, and the ISINs that ours are compared with. The
-- whole of it is replaced at once; nothing is computed from it.
create table etf_list (
  symbol        text primary key check (symbol ~ '^[A-Z0-9&-]{1,20}$'),
  security_name text not null,
  underlying    text not null,
  isin          text not null check (isin ~ '^INF[A-Z0-9]{8}[0-9]$'),
  listed_on     date not null,
  read_at       timestamptz not null default now()
);
