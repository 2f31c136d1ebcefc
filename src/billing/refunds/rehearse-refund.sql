-- What refunding so much of a payment would bring about, found out by doing it: the money is taken as arrived, what
-- follows is read, and all of it is undone before this returns. So it cannot differ from what will happen. Refunds of the
-- order that are under way are taken as arrived first. Null: there is no such payment.
create or replace function rehearse_refund(p_cf_payment_id text, p_amount_paise integer, p_seller jsonb) returns jsonb
language plpgsql as $$
declare
  o         orders;
  under_way refunds;
  as_is     jsonb;
  answer    jsonb;
begin
  select * into o from orders where id = (select order_id from payments where cf_payment_id = p_cf_payment_id) for update;
  if not found then return null; end if;
  perform 1 from subscriptions where user_id = holder_of_access(o) for update;   -- locks in the order of settle_refunds
  select coalesce(jsonb_agg(jsonb_build_object('id', id, 'startsAt', starts_at, 'endsAt', ends_at,
    'orderId', coalesce(order_id, (select g.order_id from gifts g where g.id = gift_id)))), '[]') into as_is
  from subscription_periods where user_id = holder_of_access(o) and voided_at is null;
  begin
    for under_way in select * from refunds where order_id = o.id and finished_at is null order by created_at, id loop
      update refunds set status = 'succeeded', finished_at = now() where id = under_way.id;
      perform complete_refund(o, under_way.id, p_seller);
    end loop;
    insert into refunds (id, order_id, cf_payment_id, user_id, amount_paise, reason, requested_by, status, finished_at)
    values ('rehearsal_' || p_cf_payment_id, o.id, p_cf_payment_id, o.user_id, p_amount_paise, 'rehearsal', 'rehearsal',
            'succeeded', now());
    perform complete_refund(o, 'rehearsal_' || p_cf_payment_id, p_seller);
    answer := what_a_refund_left(o, as_is, 'rehearsal_' || p_cf_payment_id);
    raise exception using errcode = 'RH001', message = 'undone';
  exception when sqlstate 'RH001' then null;
  end;
  return answer;
end $$;

-- Access, periods and credit note as they stand, beside the periods as they were. See rehearsal.ts.
create or replace function what_a_refund_left(o orders, p_as_is jsonb, p_refund_id text) returns jsonb
language sql volatile as $$
  with was as (
    select * from jsonb_to_recordset(p_as_is) as period(id uuid, "orderId" text, "startsAt" timestamptz, "endsAt" timestamptz)
  )
  select jsonb_build_object(
    'until', s.current_period_end,
    'hasAccess', has_access(s) is true,
    'endsPeriod', exists (select from was where was."orderId" = o.id and not exists (
                            select from subscription_periods p where p.id = was.id and p.voided_at is null)),
    'endsGift', exists (select from gifts where order_id = o.id and voided_at is not null),
    'moved', (
      select coalesce(jsonb_agg(jsonb_build_object('orderId', p.order_id, 'planTitle', plan.title, 'from', was."startsAt",
                                'to', was."endsAt", 'newFrom', p.starts_at, 'newTo', p.ends_at) order by p.starts_at), '[]')
      from was
      join subscription_periods p on p.id = was.id and p.voided_at is null
      left join plans plan on plan.key = p.plan_key
      where p.starts_at <> was."startsAt"
    ),
    'creditNote', (
      select jsonb_build_object('amountPaise', n.amount_paise, 'taxablePaise', n.taxable_paise, 'cgstPaise', n.cgst_paise,
                                'sgstPaise', n.sgst_paise, 'igstPaise', n.igst_paise, 'roundOffPaise', n.round_off_paise)
      from credit_notes n where n.refund_id = p_refund_id
    ))
  from subscriptions s
  where s.user_id = holder_of_access(o)
$$;
