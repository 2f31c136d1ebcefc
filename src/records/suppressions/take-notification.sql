-- Stores the events of one notification ([{kind, email, reason}]), each once however often it comes, and suppresses the addresses of
-- hard bounces and complaints. An address that no account has and no mail went to is not stored: we hold nothing of strangers.
-- A hard bounce is the stronger of the two. Answers {news, repeated, unknown}.
create or replace function take_mail_notification(p_provider text, p_key text, p_events jsonb) returns jsonb
language plpgsql as $$
declare
  event    record;
  owner_id uuid;
  news     integer := 0;
  repeated integer := 0;
  unknown  integer := 0;
begin
  for event in select * from jsonb_to_recordset(p_events) as e(kind text, email text, reason text) order by email loop
    owner_id := (select id from users where lower(email) = event.email and deleted_at is null);
    if owner_id is null and not exists (select from mails where lower(to_email) = event.email) then
      unknown := unknown + 1;
      continue;
    end if;
    insert into mail_notifications (provider, key, email, kind, reason)
    values (p_provider, p_key, event.email, event.kind, event.reason)
    on conflict on constraint told_once do nothing;
    if not found then
      repeated := repeated + 1;
      continue;
    end if;
    news := news + 1;
    if event.kind = 'soft-bounce' then continue; end if;
    insert into mail_suppressions as s (email, kind, reason, provider)
    values (event.email, event.kind, event.reason, p_provider)
    on conflict (email) do update set kind = excluded.kind, reason = excluded.reason, provider = excluded.provider, since = now()
    where s.kind = 'complaint' and excluded.kind = 'hard-bounce';
    if found then
      perform record_audit('mail-provider', 'mail.suppressed', p_user_id => owner_id,
                           p_details => jsonb_build_object('provider', p_provider, 'kind', event.kind));
    end if;
  end loop;
  return jsonb_build_object('news', news, 'repeated', repeated, 'unknown', unknown);
end $$;
