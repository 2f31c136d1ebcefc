-- The only way into the outbox: one mail per kind, subject and copy, however often it is asked for. `p_bulk`: one of many
-- that go out together, which waits for mails to one person. Answers the new mail's id, null when it was there already.
create or replace function enqueue_mail(
  p_kind text, p_subject_key text, p_user_id uuid, p_to_name text, p_to_email text,
  p_bulk boolean default false, p_copy integer default 0
) returns bigint language plpgsql as $$
declare
  mail_id bigint;
begin
  insert into mails (kind, subject_key, copy, user_id, to_name, to_email, bulk)
  values (p_kind, p_subject_key, p_copy, p_user_id, p_to_name, p_to_email, p_bulk)
  on conflict on constraint one_mail_per_kind_and_subject do nothing
  returning id into mail_id;
  return mail_id;
end $$;
