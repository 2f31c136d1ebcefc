-- no transaction
-- Reports and alerts are deleted after thirteen months (operations/jobs/retention-queries.ts); receipts are not in this index.
create index concurrently if not exists mails_bulk_by_time on mails (created_at) where bulk;
