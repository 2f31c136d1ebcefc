-- Whoever changes the market locks its row first (`perform 1 from market_state for update`), then instruments and imports: in
-- another order two changes could wait for each other.

-- To be called by whatever changes something that the analysis is made of: what was computed from the version before is
-- computed anew.
create or replace function market_changed() returns void language sql as $$
  update market_state set version = version + 1, changed_at = now()
$$;

-- Whoever changes instruments, or what stands under their symbols, locks the row of market_state before anything else, so that
-- nobody waits for somebody who waits for him: a rename reaches every price, split and question of its instrument. Who only
-- adds prices or questions does so with `for key share`: such adders do not wait for each other.
