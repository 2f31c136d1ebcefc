-- Withdraws a person's consent to everything that neither what they paid for nor the law needs, or gives it again. The account
-- stays. False: it was so already.
create or replace function change_consent(
  p_user_id uuid, p_is_given boolean, p_version text, p_actor text, p_origin jsonb
) returns boolean language plpgsql as $$
begin
  update users
  set consent_withdrawn_at = case when p_is_given then null else now() end,
      consented_to = case when p_is_given then p_version else consented_to end,
      consented_at = case when p_is_given then now() else consented_at end
  where id = p_user_id and deleted_at is null and (consent_withdrawn_at is null) is distinct from p_is_given;
  if not found then return false; end if;
  perform record_audit(p_actor, case when p_is_given then 'consent.given' else 'consent.withdrawn' end, p_user_id => p_user_id,
                       p_origin => p_origin, p_details => jsonb_build_object('version', p_version));
  return true;
end $$;
