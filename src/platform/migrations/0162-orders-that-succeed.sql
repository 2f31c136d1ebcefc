-- Of the orders opened on a day that somebody tried to pay: how many have come to an end, and how many of these were paid.
alter table daily_figures
  add column orders_tried     integer,
  add column orders_succeeded integer;
-- Days that were computed before are computed again within minutes.
update daily_figures set computed_at = computed_at - interval '2 days';
