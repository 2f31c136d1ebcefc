-- Deliveries become partitions of a month each (0198). The table as it is will be the first of them, without being read or written
-- while it is locked: from now on it refuses what is received later than the month after this one, and 0197 checks the rest.
do $$
begin
  execute format('alter table webhook_events add constraint webhook_events_before check (received_at < %L) not valid',
                 (date_trunc('month', now() at time zone 'Asia/Kolkata') + interval '2 months') at time zone 'Asia/Kolkata');
end $$;
