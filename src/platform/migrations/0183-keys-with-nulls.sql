-- The keys that those of 0182 stand in for.
alter table receipts drop constraint if exists receipts_replaces_key;
alter table subscription_periods
  drop constraint if exists subscription_periods_gift_id_key, drop constraint if exists one_period_per_grant;
-- Where an earlier form of 0181 ran, which no release had, the index has this name.
drop index if exists one_period_per_grant;
-- Read by the test that asks what processes of the release before would run into.
comment on index one_receipt_per_replaced is
  'The release before never says “on conflict” of a replaced receipt, and this refuses what the key before it refused.';
comment on index one_period_per_gift is
  'The release before never says “on conflict” of a period’s gift, and this refuses what the key before it refused.';
comment on index one_period_per_grant_key is
  'The release before never says “on conflict” of a period’s grant, and this refuses what the key before it refused.';
