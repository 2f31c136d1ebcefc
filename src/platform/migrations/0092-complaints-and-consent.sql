-- Complaints to the grievance officer (Consumer Protection (E-Commerce) Rules 2020, rule 4: acknowledged within 48 hours,
-- redressed within a month), and consent that is withdrawn without giving up the account (DPDP Act 2023, s.6).
create table complaints (
  id          bigint generated always as identity primary key,
  number      text generated always as ('G-' || lpad(id::text, greatest(6, length(id::text)), '0')) stored unique,
  form_key    text not null unique,                                    -- from the form: a double click is one complaint
  user_id     uuid references users,                                   -- of who was signed in; null: a visitor
  name        text not null,
  email       text not null,
  reference   text not null default '',                                -- an order or receipt, as typed
  text        text not null,
  received_at timestamptz not null default now(),
  answer      text,
  answered_by text,
  answered_at timestamptz,
  constraint answered_by_somebody check
    ((answered_at is null) = (answer is null) and (answered_at is null) = (answered_by is null))
);
create index complaints_open on complaints (received_at) where answered_at is null;
create index complaints_of_user on complaints (user_id, id desc);

alter table users add column consent_withdrawn_at timestamptz;
