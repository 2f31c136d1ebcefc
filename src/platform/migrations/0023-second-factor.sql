-- Counts changes of an authenticator app or of its recovery codes: whoever acts on what is no longer so is refused.
alter table second_factors add column version integer not null default 0;
