-- What a file calls a price's instrument, where that is none of its names on that day. Questions about names are asked from
-- it, and a name that turns out to be another fund's takes exactly its own prices along.
alter table prices add column seen_symbol text, add column seen_isin text;
create index prices_of_other_names on prices (import_id) where seen_symbol is not null or seen_isin is not null;

-- A name can be given up more than once: two funds that swapped their symbols may swap them again.
alter table former_names drop constraint former_names_pkey, add primary key (kind, name, until_day);
create index former_names_of on former_names (symbol);

-- An instrument without prices can be removed, whatever was once asked about it.
alter table import_questions drop constraint import_questions_symbol_fkey,
  add constraint import_questions_symbol_fkey foreign key (symbol) references instruments
    on update cascade on delete cascade;
