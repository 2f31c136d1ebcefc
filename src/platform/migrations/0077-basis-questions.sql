-- The place among the import's files of the one that a question about a basis is about, as prices have it.
alter table import_questions add column file smallint;
