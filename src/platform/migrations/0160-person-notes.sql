-- What administrators note about a person, for each other.
create table person_notes (
  id         uuid primary key,                       -- from the form: a double click is one note
  user_id    uuid not null references users,
  author_id  uuid not null references users,
  text       text not null check (length(text) between 1 and 2000),
  written_at timestamptz not null default now()
);
create index notes_of_person on person_notes (user_id, written_at desc);
