-- What all processes that send mails share: one row.
create table mail_queue (
  only_one      boolean primary key default true check (only_one),
  next_send_at  timestamptz not null default now(),                    -- with MAIL_PER_SECOND: when the next mail may leave
  paused_since  timestamptz,                                           -- the mail server refuses us, not a mail
  paused_until  timestamptz,                                           -- then one mail tries whether it takes mails again
  pause_reason  text,
  pauses        integer not null default 0,                            -- in a row: each is twice as long as the one before
  resumed_at    timestamptz,
  constraint paused_with_an_end check ((paused_since is null) = (paused_until is null))
);
insert into mail_queue default values;
