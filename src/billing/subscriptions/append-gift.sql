-- Gives somebody the period of a gift that they redeem: as if they had paid its order themselves, so that it starts, ends and
-- counts as a purchase does. Called only inside redeem_gift, which holds the locks of the order and of the subscription.
create or replace function append_gift(p_user_id uuid, p_gift_id uuid, p_order_id text) returns subscription_periods
language plpgsql as $$
declare
  o      orders;
  period subscription_periods;
begin
  select * into o from orders where id = p_order_id;
  o.user_id := p_user_id;
  period := extend_subscription(o);
  update subscription_periods set order_id = null, gift_id = p_gift_id where id = period.id returning * into period;
  return period;
end $$;
