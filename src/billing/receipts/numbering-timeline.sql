-- Whether numbers wait: the server is on another timeline than the one that last gave numbers, and commits did not wait for a
-- replica then, so this one may have been promoted without the last of them. A change of timeline that lost nothing is noted.
create or replace function numbering_waits() returns boolean language plpgsql as $$
declare
  current constant integer := current_timeline();
  waits   constant boolean := current_setting('synchronous_standby_names') <> ''
                              and current_setting('synchronous_commit') not in ('off', 'local');
  noted   numbering_timeline;
begin
  -- Where the provider does not tell, there is nothing to compare.
  if current is null then return false; end if;
  select * into noted from numbering_timeline;
  if noted.timeline = current and noted.synchronous = waits then return false; end if;
  if noted.timeline <> current and not noted.synchronous then return true; end if;
  insert into numbering_timeline (timeline, synchronous) values (current, waits)
  on conflict (only_one) do update set timeline = excluded.timeline, synchronous = excluded.synchronous, noted_at = now();
  return false;
end $$;

-- Grows by one when a replica is promoted, or a server is brought back to an earlier time. Null where it cannot be read: providers
-- take these functions away, or have no log of this kind.
create or replace function current_timeline() returns integer language plpgsql stable as $$
begin
  return ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer;
exception when others then
  return null;
end $$;

-- Throws while numbers wait. 55000 is to whoever asks "not now": webhooks come again, people are asked to wait.
create or replace function assert_numbering() returns void language plpgsql as $$
begin
  if numbering_waits() then
    raise exception using errcode = '55000', message =
      'numbers of receipts wait since a failover: see npm run numbering, and "Failover" in docs/operating.md';
  end if;
end $$;

-- Lets numbers be given again after a failover, from above what was mailed before: p_receipt and p_credit_note are the highest such
-- numbers, null where none was lost. Numbers that are skipped are noted as lost, and the audit knows. Throws for what is no number.
create or replace function continue_numbering(p_receipt text, p_credit_note text) returns integer language plpgsql as $$
declare
  skipped integer := 0;
begin
  skipped := skip_lost_numbers('R', p_receipt) + skip_lost_numbers('C', p_credit_note);
  insert into numbering_timeline (timeline, synchronous)
  select current, false from current_timeline() current where current is not null
  on conflict (only_one) do update set timeline = excluded.timeline, synchronous = false, noted_at = now();
  perform record_audit('command', 'numbering.continued', null, null, jsonb_strip_nulls(jsonb_build_object(
    'receipt', p_receipt, 'creditNote', p_credit_note, 'skipped', skipped)), null);
  return skipped;
end $$;

-- Moves the end of a series up to this number. Answers how many numbers that skips.
create or replace function skip_lost_numbers(p_letter text, p_number text) returns integer language plpgsql as $$
declare
  year    constant text := substr(p_number, 2, 4);
  serial  integer;
  present integer;
begin
  if p_number is null then return 0; end if;
  if p_number !~ ('^' || p_letter || '[0-9]{4}-[0-9]{6,9}$') then raise exception '% is no such number', p_number; end if;
  -- What is skipped is lost for good, so a slip of the pen is refused.
  if year not in (financial_year_of(now()), financial_year_of(now() - interval '1 year')) then
    raise exception '% is of no year in which numbers are given', p_number;
  end if;
  serial := split_part(p_number, '-', 2)::integer;
  if p_letter = 'R' then
    insert into receipt_series (financial_year, last_serial) values (year, 0) on conflict do nothing;
    select last_serial into present from receipt_series where financial_year = year for update;
    update receipt_series set last_serial = greatest(last_serial, serial) where financial_year = year;
  else
    insert into credit_note_series (financial_year, last_serial) values (year, 0) on conflict do nothing;
    select last_serial into present from credit_note_series where financial_year = year for update;
    update credit_note_series set last_serial = greatest(last_serial, serial) where financial_year = year;
  end if;
  if serial <= present then return 0; end if;
  if serial - present > 100000 then
    raise exception '% would skip % numbers, more than a failover can lose', p_number, serial - present;
  end if;
  insert into lost_numbers (letter, financial_year, first_serial, last_serial) values (p_letter, year, present + 1, serial);
  return serial - present;
end $$;
