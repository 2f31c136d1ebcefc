-- From where: address, browser and request of a person's act, as the statement itself says (platform/audit-context.ts).
alter table audit add column origin jsonb default nullif(current_setting('etf.origin', true), '')::jsonb;

-- The audit as a chain (src/records/audit/chain.sql). A seal is a hash over a row and over the seal before it; they are numbered
-- without a gap. No reference to `audit`: a row that was taken away must be noticed, and its seal is what tells.
create table audit_seals (
  position bigint primary key check (position > 0),
  audit_id bigint not null unique,
  hash     bytea not null
);

-- The end of the chain, one row. Up to `low_water` every row of the audit is sealed, and no younger one can turn up there.
create table audit_head (
  only_one  boolean primary key default true check (only_one),
  position  bigint not null default 0,
  hash      bytea not null default '',
  low_water bigint not null default 0
);
insert into audit_head default values;

-- Whoever asks, the owner too: what is written stays. A restore and a repair by hand switch the triggers off first.
create function refuse_to_rewrite() returns trigger language plpgsql as $$
begin
  raise exception 'Rows of % are only ever added: % is refused.', tg_table_name, lower(tg_op) using errcode = 'insufficient_privilege';
end $$;
create trigger only_added_to before update or delete or truncate on audit
  for each statement execute function refuse_to_rewrite();
create trigger only_added_to before update or delete or truncate on audit_seals
  for each statement execute function refuse_to_rewrite();
create trigger only_moved before delete or truncate on audit_head
  for each statement execute function refuse_to_rewrite();
