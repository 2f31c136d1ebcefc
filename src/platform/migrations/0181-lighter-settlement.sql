-- Room on the page for the row's next version: an order is written when it is opened, asked about and paid, a mail when it is
-- leased and sent.
alter table orders set (fillfactor = 75);
alter table subscriptions set (fillfactor = 75);
alter table payments set (fillfactor = 90);
alter table mails set (fillfactor = 80);
