-- Whether this attempt may still bring money: it is at the bank (PENDING), being reviewed (FLAGGED), or has a status that we do
-- not know. NOT_ATTEMPTED is a payment page that was opened and left.
create or replace function may_still_move(p payments) returns boolean language sql immutable as $$
  select p.status not in ('SUCCESS', 'FAILED', 'CANCELLED', 'VOID', 'USER_DROPPED', 'NOT_ATTEMPTED')
$$;
