-- Up to where the audit's chain was verified, and with which seal; moved only by advance_verified_audit(), which verifies what
-- it passes (src/records/audit/verified-head.sql). Nightly checks go on from here instead of from the first row.
create table audit_verified (
  only_one    boolean primary key default true check (only_one),
  position    bigint not null default 0,
  hash        bytea not null default '',
  low_water   bigint not null default 0,                               -- up to this row of the audit all have a seal
  verified_at timestamptz,
  whole_at    timestamptz                                              -- when the chain was last verified from its first seal
);
insert into audit_verified default values;
create trigger only_moved before delete or truncate on audit_verified
  for each statement execute function refuse_to_rewrite();
