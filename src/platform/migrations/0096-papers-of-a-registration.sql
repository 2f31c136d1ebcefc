-- It says under which GSTIN a paper was issued, so its columns are others; the functions are made anew right after.
drop function if exists tax_papers(timestamptz, timestamptz);
