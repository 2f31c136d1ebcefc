-- The only way to open an incident: something that did not agree, until a person says what was done about it. One open
-- incident per kind and subject; next_occurrence decides whether what comes after a resolution is news. Answers the new
-- incident's id, null when it is known already.
create or replace function open_incident(
  p_kind text, p_subject_key text, p_details jsonb, p_order_id text default null, p_user_id uuid default null
) returns bigint language plpgsql as $$
declare
  incident_id bigint;
begin
  insert into incidents (kind, subject_key, order_id, user_id, details)
  values (p_kind, p_subject_key, p_order_id, p_user_id, p_details)
  on conflict on constraint one_incident_per_kind_and_subject do nothing
  returning id into incident_id;
  return incident_id;
end $$;
