-- no transaction
-- The panel's lists of mandates, and its figures.
create index concurrently if not exists mandates_newest on mandates (created_at, id);
create index concurrently if not exists mandates_unsettled on mandates (created_at, id) where ended_at is null and (cancel_asked_at is not null or status <> 'ACTIVE');
create index concurrently if not exists mandates_by_umn on mandates (umn) where umn is not null;
create index concurrently if not exists mandates_ended on mandates (ended_at) where ended_at is not null;
create index concurrently if not exists charges_by_day on mandate_charges (scheduled_on);
