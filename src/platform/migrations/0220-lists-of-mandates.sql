-- no transaction
-- The panel's lists of mandates, and its figures.
create index concurrently if not exists mandates_newest on mandates (created_at, id);
create index concurrently if not exists mandates_unsettled on mandates (created_at, id) where ended_at is null and (cancel_asked_at is not null or status <> 'ACTIVE');
create index concurrently if not exists mandates_by_umn on mandates (umn) where umn is not null;
create index concurrently if not exists mandates_ended on mandates (ended_at) where ended_at is not null;
create index concurrently if not exists charges_by_day on mandate_charges (scheduled_on);
comment on index mandates_newest is 'The list of mandates.';
comment on index mandates_unsettled is 'The list of mandates that wait for their person, are paused, or are being ended.';
comment on index mandates_by_umn is 'A mandate by the number that its person’s bank and UPI app show.';
comment on index mandates_ended is 'How many people left Autopay, in the figures.';
comment on index charges_by_day is 'How debits went, in the figures.';
