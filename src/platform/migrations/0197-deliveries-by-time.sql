-- no transaction
-- The key of a partitioned table contains what it is partitioned by.
create unique index concurrently if not exists webhook_events_past_pkey on webhook_events (id, received_at);
alter table webhook_events validate constraint webhook_events_before;
