-- Registration asks for no state: the checkout does, before the first payment. Null: not asked yet.
alter table users alter column state_code drop not null;
