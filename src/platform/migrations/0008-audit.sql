-- From where: address, browser and request of a person's act, as the statement itself says (platform/origin.ts).
alter table audit add column origin jsonb default nullif(current_setting('etf.origin', true), '')::jsonb;
