-- The version of a plan that a person is sold today: the one on sale. All null: the plan is not on sale.
create or replace function plan_for(p_user_id uuid, p_plan_name text) returns plans language sql stable as $$
  select * from plans where name = p_plan_name and on_sale
$$;
