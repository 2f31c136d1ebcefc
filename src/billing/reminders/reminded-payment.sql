-- The payment that came after a reminder, for the panel's count of what reminders are worth.
create or replace function note_reminded_payment(o orders) returns void language plpgsql as $$
begin
  null;
end $$;
