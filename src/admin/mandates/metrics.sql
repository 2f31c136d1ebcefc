-- How Autopay goes, for the figures: who is on it now, and of the last thirty Indian days the debits that are over, those that brought
-- money and those that did not. A retry is a debit for a period for which an earlier one had failed. `lost` counts the periods that no
-- debit brought, by why the last one did not; `left` the mandates that had been authorised and ended, by whom. Null where there never was
-- a mandate.
create or replace function autopay_figures() returns jsonb language sql stable as $$
  with debits as (
    select c.*, exists (select from mandate_charges earlier
                        where earlier.mandate_id = c.mandate_id and earlier.period_start = c.period_start
                          and earlier.attempt < c.attempt and earlier.status = 'FAILED') as is_retry
    from mandate_charges c
    where c.scheduled_on between day_in_india(now()) - 29 and day_in_india(now())
      and (c.status = 'SUCCESS' or (c.final_at is not null and c.raised_at is not null))
  ), lost as (
    select distinct on (mandate_id, period_start)
           status, case when status = 'CANCELLED' then case when withdrawn_why is null then 'declined' else 'called-off' end
                        when status = 'FAILED' then coalesce(failure_class(failure_reason), 'other') else 'other' end as why
    from debits
    order by mandate_id, period_start, attempt desc
  )
  select jsonb_build_object(
    'standing', (select count(*) from mandates
                 where ended_at is null and cancel_asked_at is null and authorised_at is not null),
    'first', (select jsonb_build_object('paid', count(*) filter (where status = 'SUCCESS'), 'failed', count(*) filter (where status <> 'SUCCESS'),
                'laterThatDay', count(*) filter (where status = 'SUCCESS' and retries > 0)) from debits where not is_retry),
    'retry', (select jsonb_build_object('paid', count(*) filter (where status = 'SUCCESS'), 'failed', count(*) filter (where status <> 'SUCCESS'),
                'paise', coalesce(sum(paise) filter (where status = 'SUCCESS'), 0)) from debits where is_retry),
    'lost', (select coalesce(jsonb_object_agg(why, many), '{}')
             from (select why, count(*) as many from lost where status <> 'SUCCESS' group by why) whys),
    'left', (select coalesce(jsonb_object_agg(who, many), '{}')
             from (select coalesce(ended_by, 'cashfree') as who, count(*) as many from mandates
                   where ended_at > now() - interval '30 days' and ended_at is not null and authorised_at is not null group by who) leavers))
  where exists (select from mandates)
$$;
