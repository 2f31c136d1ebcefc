-- The audit tells of a note and never what it says: the note goes with the account, the audit stays.

-- Writes a note about a person. Answers 'written', 'repeated' (the second of two clicks), or why not: 'unknown-user'.
create or replace function write_note(p_id uuid, p_user_id uuid, p_text text, p_actor text, p_origin jsonb) returns text
language plpgsql as $$
begin
  perform 1 from users where id = p_user_id and deleted_at is null for share;   -- a deletion leaves no note behind
  if not found then return 'unknown-user'; end if;
  insert into person_notes (id, user_id, author_id, text) values (p_id, p_user_id, user_behind(p_actor), p_text)
  on conflict (id) do nothing;
  if not found then return 'repeated'; end if;
  perform record_audit(p_actor, 'note.written', p_user_id => p_user_id, p_details => jsonb_build_object('note', p_id),
                       p_origin => p_origin);
  return 'written';
end $$;

-- Removes a note. Answers 'removed', or 'repeated' when it is gone already.
create or replace function remove_note(p_id uuid, p_user_id uuid, p_actor text, p_origin jsonb) returns text
language plpgsql as $$
begin
  delete from person_notes where id = p_id and user_id = p_user_id;
  if not found then return 'repeated'; end if;
  perform record_audit(p_actor, 'note.removed', p_user_id => p_user_id, p_details => jsonb_build_object('note', p_id),
                       p_origin => p_origin);
  return 'removed';
end $$;
