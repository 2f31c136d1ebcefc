-- They have other names now (metrics_of_day, subscriber_counts) and were called by the functions beside them alone.
drop function if exists figures_of_day(date);
drop function if exists standing_now();
