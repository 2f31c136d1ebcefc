-- What was traded on the day of a price, as its file says: units, and what they cost in rupees. Null: the file does not say it, or it was
-- imported before this was read.
alter table prices
  add column volume double precision check (volume >= 0),
  add column turnover double precision check (turnover >= 0);
