-- What is not kept for ever. The bytes of a delivery are emptied after their time, or when the account they are about is
-- deleted; that it came, and what it came to, stays.
alter table webhook_events add column redacted_at timestamptz;
create index webhook_events_to_empty on webhook_events (received_at) where redacted_at is null;

create index mails_of_user on mails (user_id, id);
create index credit_notes_of_user on credit_notes (user_id, issued_at);
create index users_deleted on users (deleted_at) where deleted_at is not null;
