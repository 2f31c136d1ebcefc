-- Gives an account the address that its owner meant, at an administrator's word: one that was never confirmed at once, a
-- confirmed one when the link is used that goes to the new address. The old address is told either way. p_seen is the address
-- that the page showed, p_shown holds both as the audit shows them, and the reason.
-- Answers 'corrected', 'asked', 'repeated', or why not: 'changed', 'taken', 'busy' and the answers of may_act_on.
create or replace function correct_email(
  p_user_id uuid, p_seen text, p_email text, p_shown jsonb, p_actor text, p_origin jsonb
) returns text language plpgsql as $$
declare
  allowed text := may_act_on(p_user_id, p_actor);
  person  users;
  outcome text;
begin
  if allowed <> 'ok' then return allowed; end if;
  select * into person from users where id = p_user_id;
  if lower(person.email) = lower(p_email) then return 'repeated'; end if;
  if person.email is distinct from p_seen then return 'changed'; end if;
  if exists (select from users where lower(email) = lower(p_email)) then return 'taken'; end if;
  if person.email_verified_at is null then
    outcome := correct_unconfirmed_email(p_user_id, p_email, p_shown, p_actor, p_origin);
    if outcome = 'corrected' then
      perform enqueue_mail('email-changed', (select max(id)::text from audit where user_id = p_user_id and action = 'email.corrected'),
                           person.id, person.name, person.email);
    end if;
    return outcome;
  end if;
  if exists (select from account_links where user_id = p_user_id and purpose = 'change-email' and lower(email) = lower(p_email)
               and used_at is null and ended_at is null and expires_at > now()) then return 'repeated'; end if;
  return case when request_email_change(p_user_id, p_email, p_shown, p_actor, p_origin) then 'asked' else 'busy' end;
end $$;
