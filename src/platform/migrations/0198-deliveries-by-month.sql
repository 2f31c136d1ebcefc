-- Every delivery in the partition of its month (Asia/Kolkata), so that old ones go by dropping a table instead of by deleting
-- and emptying millions of rows. The table that was there becomes the first partition, with its indexes as they are.
alter table webhook_events rename to webhook_events_past;
alter table webhook_events_past drop constraint webhook_events_pkey;
alter table webhook_events_past add constraint webhook_events_past_pkey primary key using index webhook_events_past_pkey;
alter index webhook_events_to_settle rename to webhook_events_past_to_settle;
alter index webhook_events_of_order rename to webhook_events_past_of_order;
alter index webhook_events_refused rename to webhook_events_past_refused;
alter index webhook_events_to_empty rename to webhook_events_past_to_empty;
alter index webhook_events_by_verdict rename to webhook_events_past_by_verdict;
alter index webhook_events_by_type rename to webhook_events_past_by_type;
alter index webhook_events_by_day rename to webhook_events_past_by_day;
alter index webhook_events_of_disputes rename to webhook_events_past_of_disputes;

create table webhook_events (
  like webhook_events_past including defaults,
  constraint webhook_events_pkey primary key (id, received_at)
) partition by range (received_at);
create index webhook_events_to_settle on webhook_events (next_settle_at) where settled_at is null and accepted;
create index webhook_events_of_order on webhook_events (order_id, id);
create index webhook_events_refused on webhook_events (id) where not accepted;
create index webhook_events_to_empty on webhook_events (received_at) where redacted_at is null;
create index webhook_events_by_verdict on webhook_events (verdict, id);
create index webhook_events_by_type on webhook_events (type, id);
create index webhook_events_by_day on webhook_events (received_at, id);
create index webhook_events_of_disputes on webhook_events (received_at) where dispute_id is not null and settled_at is null;

-- Numbers go on where they were.
do $$
declare
  next_id bigint;
begin
  select last_value + case when is_called then 1 else 0 end into next_id from webhook_events_id_seq;
  alter table webhook_events_past alter column id drop identity;
  execute format('alter table webhook_events alter column id add generated always as identity (start with %s)', next_id);
end $$;

-- The check of 0196 says the same as the partition's bounds, so nothing is read. Months ahead; whatever no month covers has a place too.
do $$
declare
  begins timestamp;
  bound  text;
begin
  select substring(pg_get_constraintdef(oid) from '''([^'']+)''') into strict bound
  from pg_constraint where conname = 'webhook_events_before';
  execute format('alter table webhook_events attach partition webhook_events_past for values from (minvalue) to (%L)', bound);
  alter table webhook_events_past drop constraint webhook_events_before;
  begins := bound::timestamptz at time zone 'Asia/Kolkata';
  for month in 0..2 loop
    execute format('create table %I partition of webhook_events for values from (%L) to (%L)',
                   'webhook_events_' || to_char(begins, 'YYYY_MM'), begins at time zone 'Asia/Kolkata',
                   (begins + interval '1 month') at time zone 'Asia/Kolkata');
    begins := begins + interval '1 month';
  end loop;
end $$;
create table webhook_events_default partition of webhook_events default;
