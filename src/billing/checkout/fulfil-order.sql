-- Gives the buyer of a paid order what it was for, once. Called only inside settle_order, which holds the order's lock.
create or replace function fulfil_order(o orders) returns void language plpgsql as $$
begin
  case o.purpose
    when 'switch' then perform switch_subscription(o);
    when 'gift' then perform activate_gift(o);
    else perform extend_subscription(o);
  end case;
  perform keep_claim(o);   -- locks the coupon after the subscription, as open_order_as_wished does
  if o.purpose = 'period' then perform clear_next_plan(o); end if;
  if o.purpose = 'gift' then return; end if;   -- it renews nothing of its buyer's: reminders and their links stay
  perform note_reminded_payment(o);
  perform end_renewal_links(o.user_id);
end $$;
