-- Stars an instrument for a person, or takes the star off; repeating it changes nothing. Answers 'done', 'unknown' where no such
-- instrument is shown by itself (other funds of a sector are not) or the account was deleted, or 'full' with `p_most` starred
-- already. What is not shown any more can still lose its star.
create or replace function set_star(p_user_id uuid, p_symbol text, p_wanted boolean, p_most int) returns text
language plpgsql as $$
begin
  if p_wanted is not true then
    delete from stars where user_id = p_user_id and symbol = p_symbol;
    return 'done';
  end if;
  -- Two stars at once must not both be the last one that fits; and none outlives the account.
  perform 1 from users where id = p_user_id and deleted_at is null for no key update;
  if not found then return 'unknown'; end if;
  if exists (select from stars where user_id = p_user_id and symbol = p_symbol) then return 'done'; end if;
  if not exists (select from instruments where symbol = p_symbol and shown and alternative_of is null) then return 'unknown'; end if;
  if ((select count(*) from stars where user_id = p_user_id) < p_most) is not true then return 'full'; end if;
  insert into stars (user_id, symbol) values (p_user_id, p_symbol);
  return 'done';
end $$;
