-- One line that the site shows above its pages for some days.
create table announcements (
  id         bigint generated always as identity primary key,
  form_key   uuid not null unique,                   -- from the form: a double click is one announcement
  text       text not null check (length(text) between 1 and 200),
  link       text check (link like '/%'),            -- a page of this site
  link_text  text,
  audience   text not null check (audience in ('everyone', 'subscribers')),
  starts_at  timestamptz not null,
  ends_at    timestamptz check (ends_at > starts_at), -- null: until it is switched off
  is_on      boolean not null default true,
  created_by text not null,
  created_at timestamptz not null default now(),
  constraint link_with_its_words check ((link is null) = (link_text is null))
);
