-- NSE's trading holidays of the capital market segment, as its circulars announce them: NSE/CMTR/59722 with those of January,
-- April and November 2024 (Ram temple, two elections); NSE/CMTR/65587 for 2025; NSE/CMTR/71775 and 72260 (municipal elections)
-- for 2026. What an operator entered stays as it is.
insert into holidays (day, name) values
  ('2024-01-22', 'Ram Mandir consecration'), ('2024-01-26', 'Republic Day'), ('2024-03-08', 'Mahashivratri'),
  ('2024-03-25', 'Holi'), ('2024-03-29', 'Good Friday'), ('2024-04-11', 'Id-Ul-Fitr'), ('2024-04-17', 'Ram Navami'), ('2024-05-01', 'Maharashtra Day'),
  ('2024-05-20', 'Parliamentary elections'), ('2024-06-17', 'Bakri Id'), ('2024-07-17', 'Muharram'),
  ('2024-08-15', 'Independence Day'), ('2024-10-02', 'Gandhi Jayanti'), ('2024-11-01', 'Diwali Laxmi Pujan'),
  ('2024-11-15', 'Guru Nanak Jayanti'), ('2024-11-20', 'Assembly elections in Maharashtra'), ('2024-12-25', 'Christmas'),
  ('2025-02-26', 'Mahashivratri'), ('2025-03-14', 'Holi'), ('2025-03-31', 'Id-Ul-Fitr'), ('2025-04-10', 'Mahavir Jayanti'),
  ('2025-04-14', 'Ambedkar Jayanti'), ('2025-04-18', 'Good Friday'), ('2025-05-01', 'Maharashtra Day'),
  ('2025-08-15', 'Independence Day'), ('2025-08-27', 'Ganesh Chaturthi'), ('2025-10-02', 'Gandhi Jayanti'),
  ('2025-10-21', 'Diwali Laxmi Pujan'), ('2025-10-22', 'Diwali Balipratipada'), ('2025-11-05', 'Guru Nanak Jayanti'),
  ('2025-12-25', 'Christmas'),
  ('2026-01-15', 'Municipal elections in Maharashtra'), ('2026-01-26', 'Republic Day'), ('2026-03-03', 'Holi'),
  ('2026-03-26', 'Ram Navami'), ('2026-03-31', 'Mahavir Jayanti'), ('2026-04-03', 'Good Friday'),
  ('2026-04-14', 'Ambedkar Jayanti'), ('2026-05-01', 'Maharashtra Day'), ('2026-05-28', 'Bakri Id'), ('2026-06-26', 'Muharram'), ('2026-09-14', 'Ganesh Chaturthi'),
  ('2026-10-02', 'Gandhi Jayanti'), ('2026-10-20', 'Dussehra'), ('2026-11-10', 'Diwali Balipratipada'),
  ('2026-11-24', 'Guru Nanak Jayanti'), ('2026-12-25', 'Christmas')
on conflict (day) do nothing;

-- A Saturday, on which the exchange is closed anyway.
delete from holidays where day = '2026-08-15';

-- Sessions on a weekend or on the evening of a holiday; of the years before 2024 too, so that their files can be read.
insert into special_sessions (day, name) values
  ('2015-02-28', 'Union Budget'), ('2015-11-11', 'Muhurat trading'), ('2016-10-30', 'Muhurat trading'),
  ('2017-10-19', 'Muhurat trading'), ('2018-11-07', 'Muhurat trading'), ('2019-10-27', 'Muhurat trading'),
  ('2020-02-01', 'Union Budget'), ('2020-11-14', 'Muhurat trading'), ('2021-11-04', 'Muhurat trading'),
  ('2022-10-24', 'Muhurat trading'), ('2023-11-12', 'Muhurat trading'),
  ('2024-01-20', 'Saturday session'), ('2024-03-02', 'Disaster recovery session'), ('2024-05-18', 'Disaster recovery session'),
  ('2024-11-01', 'Muhurat trading'), ('2025-02-01', 'Union Budget'), ('2025-10-21', 'Muhurat trading'),
  ('2026-02-01', 'Union Budget'), ('2026-11-08', 'Muhurat trading')
on conflict (day) do nothing;

-- What was computed with the old calendar is computed anew.
update market_state set version = version + 1, changed_at = now();
