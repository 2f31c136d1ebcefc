-- Read by the test that asks what processes of the release before would run into.
comment on constraint webhook_events_pkey on webhook_events is
  'The release before never says “on conflict” of a delivery, and the wider key refuses nothing that the earlier one allowed.';
