-- Whether the database's disk has room: sorts two megabytes in so little memory that they are written to a temporary file
-- beside the tables, which is removed at once and leaves nothing in the write-ahead log. Raises 53100 (disk_full).
create or replace function database_has_room() returns boolean
language sql
set work_mem = '64kB'
as $$
  select count(*) > 0
  from (select repeat(md5(row::text), 16) as filling from generate_series(1, 4000) as row order by filling offset 0) as sorted
$$;
