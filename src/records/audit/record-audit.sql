-- The only way into the audit: who did what, about which order or person, with what facts. `p_origin` is where a person's
-- act came from (platform/audit-context.ts); null falls back to the transaction's `etf.origin`. Answers the row's id.
create or replace function record_audit(
  p_actor text, p_action text, p_order_id text default null, p_user_id uuid default null,
  p_details jsonb default '{}', p_origin jsonb default null
) returns bigint language plpgsql as $$
declare
  audit_id bigint;
begin
  insert into audit (actor, action, order_id, user_id, details, origin)
  values (p_actor, p_action, p_order_id, p_user_id, coalesce(p_details, '{}'),
          coalesce(p_origin, nullif(current_setting('etf.origin', true), '')::jsonb))
  returning id into audit_id;
  return audit_id;
end $$;
