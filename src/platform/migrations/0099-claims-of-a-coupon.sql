-- What counts against a coupon's caps, late payments included, is counted at every checkout with a code.
create index claims_of_a_coupon on coupon_claims (coupon_code) where released_at is null;
