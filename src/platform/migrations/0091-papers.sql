-- A corrected order has several receipts, so the key that found them by order no longer does; and credit notes are summed by
-- their receipt whenever money goes back.
create index receipts_of_order on receipts (order_id);
create index credit_notes_of_receipt on credit_notes (receipt_number);
