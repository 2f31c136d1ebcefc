-- How the note's tax was split. 1: each note rounded by itself, so that the notes of a receipt may differ from it by a paisa.
-- 2: the notes of a receipt together are its own figures in proportion, so that the last one takes what is left. Notes
-- that were issued are legal papers and stay as they are, hence the default.
alter table credit_notes add column split_rule smallint not null default 1 check (split_rule in (1, 2));
