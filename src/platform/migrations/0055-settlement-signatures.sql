-- Signatures of earlier releases that nobody calls any more. The release before this one still calls settle_order,
-- refunded_or_going (now gone_or_going) and, inside a settlement that is running while this is applied, close_or_wait with
-- four arguments: they stay.
drop function if exists close_or_wait(orders, text, text);
drop function if exists hold(orders, text, jsonb, text);
drop function if exists withhold_from_deleted(orders, text);
