-- Queues a mail again as its copy numbered `p_copy`; where it is about money, to the name and address the account has now.
-- Answers the copy's id; null without such a mail, when `p_copy` is not the next number, and when somebody else writes that
-- copy at the same moment.
create or replace function resend_mail(p_mail_id bigint, p_copy integer, p_actor text, p_origin jsonb) returns bigint
language plpgsql as $$
declare
  mail    mails;
  account users;
  copy_id bigint;
begin
  select * into mail from mails where id = p_mail_id;
  if p_copy is distinct from (select max(c.copy) + 1 from mails c where c.kind = mail.kind and c.subject_key = mail.subject_key)
  then return null; end if;
  if mail.kind in ('receipt', 'refund') then
    select * into account from users where id = mail.user_id and deleted_at is null;
  end if;
  copy_id := enqueue_mail(mail.kind, mail.subject_key, mail.user_id, coalesce(account.name, mail.to_name),
                          coalesce(account.email, mail.to_email), p_copy => p_copy);
  if copy_id is null then return null; end if;
  perform record_audit(p_actor, 'mail.resent', p_user_id => mail.user_id, p_origin => p_origin, p_details => jsonb_build_object(
    'mail', copy_id, 'of', p_mail_id, 'kind', mail.kind, 'about', mail.subject_key, 'copy', p_copy));
  return copy_id;
end $$;
