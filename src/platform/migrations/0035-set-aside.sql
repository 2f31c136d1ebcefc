-- When the payer said that attempts begun before this failed, and went on to pay again; see money_under_way.
alter table orders add column set_aside_at timestamptz;
