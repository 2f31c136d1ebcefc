-- Verifies the next `p_limit` seals after the verified head, and moves the head past them when all agree; answers as
-- verify_audit_piece() does. Each move leaves a row in the audit, which is sealed like any other: a head that was moved by hand
-- is not on record. It runs with its owner's rights: the application's role cannot move the head but by verifying.
create or replace function advance_verified_audit(p_limit integer) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v     audit_verified;
  piece jsonb;
begin
  select * into strict v from audit_verified for update;
  piece := verify_audit_piece(v.position, encode(v.hash, 'hex'), v.low_water, p_limit);
  if (piece ->> 'wrong')::bigint > 0 or (piece ->> 'upTo')::bigint = v.position then return piece; end if;
  update audit_verified set
    position = (piece ->> 'upTo')::bigint,
    hash = decode(piece ->> 'hash', 'hex'),
    low_water = greatest(low_water, least((piece ->> 'upToId')::bigint, (select h.low_water from audit_head h))),
    verified_at = now();
  perform record_audit('integrity', 'audit.verified',
                       p_details => jsonb_build_object('position', piece -> 'upTo', 'hash', piece -> 'hash'));
  return piece;
end $$;
revoke execute on function advance_verified_audit(integer) from public;

-- Puts on record that the chain was verified from its first seal up to this one.
create or replace function note_whole_audit(p_position bigint, p_hash text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update audit_verified set whole_at = now();
  perform record_audit('integrity', 'audit.verified-whole', p_details => jsonb_build_object('position', p_position, 'hash', p_hash));
end $$;
revoke execute on function note_whole_audit(bigint, text) from public;

-- Where nightly checks begin: {position, hash, lowWater, verifiedAt, wholeAt, firstAt, onRecord}. `onRecord`: the audit's newest
-- row about it names the same place; otherwise somebody moved the head by hand. `firstAt` is the time of the audit's first row.
create or replace function verified_audit_head() returns jsonb language sql stable as $$
  select jsonb_build_object(
    'position', v.position, 'hash', encode(v.hash, 'hex'), 'lowWater', v.low_water,
    'verifiedAt', v.verified_at, 'wholeAt', v.whole_at, 'firstAt', (select a.at from audit a order by a.id limit 1),
    'onRecord', coalesce(
      (select a.details @> jsonb_build_object('position', v.position, 'hash', encode(v.hash, 'hex'))
       from audit a where a.action = 'audit.verified' order by a.id desc limit 1),
      v.position = 0))
  from audit_verified v
$$;
