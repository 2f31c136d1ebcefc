-- The place among the import's files of the one that a question about a basis is about, as prices have it.
alter table import_questions add column file smallint;
-- Which of the import's files that do not say their basis a price is from, counted from 1: one archive may hold several, beside
-- others that do say it. Null: its file says it.
alter table prices add column part integer;
alter table import_questions add column part integer;
