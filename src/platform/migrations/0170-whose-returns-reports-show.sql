-- Report mails may show returns in excess of the Nifty's, and the starred sectors alone.
alter table report_choices
  add column excess  boolean not null default false,
  add column starred boolean not null default false;
