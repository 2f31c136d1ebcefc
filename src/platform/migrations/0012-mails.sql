-- A mail sent again on purpose is a row of its own: the next copy. What the product writes by itself is copy 0.
alter table mails add column copy integer not null default 0 check (copy >= 0);
alter table mails add column retried_at timestamptz;                      -- given up on, and queued again by a person
alter table mails drop constraint one_mail_per_kind_and_subject;
alter table mails add constraint one_mail_per_kind_and_subject unique (kind, subject_key, copy);
create index mails_by_status on mails (status, id);
create index mails_by_kind on mails (kind, id);
create index mails_by_day on mails (created_at, id);
create index mails_by_recipient on mails (lower(to_email) text_pattern_ops, id);

-- What comes again after a person resolved it is a new incident, with its own alert and its own note.
alter table incidents add column occurrence integer not null default 1 check (occurrence >= 1);
alter table incidents drop constraint one_incident_per_kind_and_subject;
alter table incidents add constraint one_incident_per_kind_and_subject unique (kind, subject_key, occurrence);
create index incidents_by_kind on incidents (kind, id);
create index incidents_resolved on incidents (id) where resolved_at is not null;
create index incidents_of_order on incidents (order_id);

create index webhook_events_by_verdict on webhook_events (verdict, id);
create index webhook_events_by_type on webhook_events (type, id);
create index webhook_events_by_day on webhook_events (received_at, id);

create index audit_by_actor on audit (actor, id);
create index audit_by_action on audit (action, id);
create index audit_by_actor_and_action on audit (actor, action, id);
create index audit_by_day on audit using brin (at);

-- How each job's last run went, for the panel: pg-boss forgets a run after an hour. Written by whoever runs jobs.
create table job_runs (
  name       text primary key,
  every_ms   integer not null,
  started_at timestamptz,                                              -- null: known, and not run yet
  ended_at   timestamptz,
  error      text,                                                     -- first line; null when the last run went well
  runs       bigint not null default 0,
  failures   bigint not null default 0,
  failed_at  timestamptz,                                              -- the last run that did not go well, and why
  last_error text
);

-- Since when a version of a plan is on sale, or no longer; and which one it took the place of. Orders and periods keep
-- their key whatever happens here.
alter table plans add column offered_at timestamptz not null default now();
alter table plans add column withdrawn_at timestamptz;
alter table plans add column replaces text references plans;
update plans set offered_at = created_at;
create index subscriptions_of_plan on subscriptions (plan_key) where status in ('active', 'grace');
