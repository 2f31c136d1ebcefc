-- An answer of Cashfree that settle_usual_orders found to be the usual one, with all that its order's payment writes: carried from the
-- statement that takes the locks to the one that writes, so that rows are read once.
create type usual_payment as (
  id text, user_id uuid, cf_payment_id text, plan_key text, amount_paise integer, paid_paise bigint, discount_paise integer,
  credit_paise integer, plan_title text, starts_at timestamptz, ends_at timestamptz, anchor_day integer, buyer jsonb,
  expires_at timestamptz, remote jsonb, attempt jsonb, actor text
);
