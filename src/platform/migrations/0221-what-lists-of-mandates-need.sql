-- What the indexes of 0220 are for.
comment on index mandates_newest is 'The list of mandates.';
comment on index mandates_unsettled is 'The list of mandates that wait for their person, are paused, or are being ended.';
comment on index mandates_by_umn is 'A mandate by the number that its person’s bank and UPI app show.';
comment on index mandates_ended is 'How many people left Autopay, in the figures.';
comment on index charges_by_day is 'How debits went, in the figures.';
