-- Why each index of the panel that a payment does not write to is there.
comment on index orders_unpaid_by_status is 'The list of orders by a status. Paid ones are found along orders_newest.';
comment on index payments_without_success is 'The list of attempts by a status. Successes are found along payments_newest.';
comment on index payments_by_other_method is 'The list of attempts by a method. UPI is found along payments_newest.';
comment on index subscriptions_not_active is 'The list of subscribers by a status. Active ones are found along subscriptions_newest.';
comment on index mails_not_sent is 'The log of mails by a state. Sent ones are found along the key.';
comment on index audit_by_other_actor is 'The audit of one actor. Settlements by notice or return are found along the key.';
