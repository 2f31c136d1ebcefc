-- A claim counts exactly while its order is open or paid. Where an order that died is paid after all, its buyer may have used the
-- coupon again meanwhile: both uses count, and the index that keeps it to one for each person leaves out the late one.
alter table coupon_claims add column paid_late boolean not null default false;   -- its order died, and was paid after all
drop index one_use_of_a_coupon_per_person;
update coupon_claims claim set released_at = null, paid_late = true
from orders o where o.id = claim.order_id and o.paid_at is not null and claim.released_at is not null;
update coupon_claims claim set released_at = now()
from orders o where o.id = claim.order_id and o.status = 'terminating' and claim.released_at is null;
create unique index one_use_of_a_coupon_per_person on coupon_claims (coupon_code, user_id) where released_at is null and not paid_late;
