-- Signatures of earlier releases that nobody calls any more. The six-argument request_refund stays: processes of the
-- release before this one call it.
drop function if exists request_refund(text, integer, integer, text, text);
