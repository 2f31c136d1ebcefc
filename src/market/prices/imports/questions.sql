-- Answers what a held import asks. 'basis': the file's prices are as they were traded, or restated by their maker up to the
-- file's last day, whatever symbol has it; the answer may change while the import is held. 'rename' and 'isin': it is the 'same'
-- instrument, or an 'other', whose prices leave the import. The result is 'done', or why not: 'not-held', 'unknown', or 'gone'
-- for prices that have left.
create or replace function answer_question(
  p_import_id bigint, p_kind text, p_symbol text, p_seen text, p_answer text, p_actor text, p_origin jsonb
) returns text language plpgsql as $$
declare
  v_question import_questions;
begin
  perform 1 from market_state for update;
  if not exists (select from imports where id = p_import_id and status = 'held') then return 'not-held'; end if;
  select * into v_question from import_questions q
  where q.import_id = p_import_id and q.kind = p_kind and q.symbol = p_symbol and q.seen = p_seen;
  if not found then return 'unknown'; end if;
  if (p_kind = 'basis' and p_answer not in ('traded', 'restated')) or (p_kind <> 'basis' and p_answer not in ('same', 'other')) then
    return 'unknown';
  end if;
  if v_question.answer = 'other' then return 'gone'; end if;
  if v_question.answer = p_answer then return 'done'; end if;
  update import_questions q set answer = p_answer, answered_by = p_actor
  where q.import_id = p_import_id and q.kind = p_kind and q.symbol = p_symbol and q.seen = p_seen;
  if p_kind = 'basis' then
    update prices p
    set basis = p_answer,
        restated_as_of = case when p_answer = 'restated' then (select max(q.last_day) from import_questions q
                                                               where q.import_id = p_import_id and q.part = v_question.part) end
    where p.import_id = p_import_id and p.symbol = p_symbol and p.part = v_question.part;
  elsif p_answer = 'other' then
    perform ask_about_names(p_import_id);
  end if;
  perform record_audit(p_actor, 'import.answered', p_origin => p_origin, p_details => jsonb_build_object(
    'import', p_import_id, 'about', p_kind, 'symbol', p_symbol, 'seen', p_seen,
    'before', v_question.answer, 'after', p_answer));
  return 'done';
end $$;
