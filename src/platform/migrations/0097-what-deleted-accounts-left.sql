-- Accounts that were deleted by earlier releases left these behind. Gifts are for the job `clean`.
update subscriptions s set cancel_reason = null, cancel_comment = null
from users u
where u.id = s.user_id and u.deleted_at is not null and (s.cancel_reason is not null or s.cancel_comment is not null);

update orders o set company = null
from users u
where u.id = o.user_id and u.deleted_at is not null and o.company is not null;

update complaints c
set reference = '', text = '', answer = '', answered_by = coalesce(c.answered_by, 'user:' || u.id),
    answered_at = coalesce(c.answered_at, now())
from users u
where u.id = c.user_id and u.deleted_at is not null;
