-- Gifts are looked for by the day on which their code is due.
create index gifts_to_deliver on gifts (deliver_on) where paid_at is not null and redeemed_at is null and voided_at is null;
create index gifts_of_recipient on gifts (redeemed_by) where redeemed_by is not null;
