// Random statements over the protected columns of world.ts, for property tests. Data only.
import fc from 'fast-check';

const COLUMNS = ['card', 'email', 'account', 'phones', 'pin', 'doc', 'id', 'name', 'region'] as const;

/** Text expressions over the columns of `t`; `depth` bounds nesting. */
function text(t: string, depth: number): fc.Arbitrary<string> {
  const column = fc.constantFrom(...COLUMNS).map((name) => `${t}.${name}::text`);
  const leaf = fc.oneof(
    { weight: 6, arbitrary: column },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        `'k'`,
        `null::text`,
        `to_jsonb(${t})->>'card'`,
        `(${t}).email::text`,
        `${t}::text`,
      ),
    },
  );
  if (depth === 0) return leaf;
  const inner = text(t, depth - 1);
  const number = fc.integer({ min: 1, max: 9 });
  return fc.oneof(
    leaf,
    inner.map((a) => `reverse(${a})`),
    inner.map((a) => `upper(${a})`),
    inner.map((a) => `encode(convert_to(${a}, 'UTF8'), 'hex')`),
    inner.map((a) => `encode(${a}::bytea, 'base64')`),
    inner.map((a) => `translate(${a}, '0123456789', '1234567890')`),
    fc.tuple(inner, number, number).map(([a, from, size]) => `substr(${a}, ${from}, ${size})`),
    fc.tuple(inner, inner).map(([a, b]) => `(${a} || ${b})`),
    fc.tuple(inner, inner).map(([a, b]) => `concat_ws('-', ${a}, ${b})`),
    fc.tuple(inner, inner).map(([a, b]) => `coalesce(${a}, ${b})`),
    fc.tuple(inner, inner, inner).map(([a, b, c]) => `case when ${a} like '%1%' then ${b} else ${c} end`),
    fc.tuple(inner, inner).map(([a, b]) => `(array[${a}, ${b}])[1]`),
    fc.tuple(inner, inner).map(([a, b]) => `row(${a}, ${b})::text`),
    inner.map((a) => `json_build_array(${a})::text`),
    inner.map((a) => `jsonb_build_object('x', ${a})->>'x'`),
    inner.map((a) => `xmlelement(name v, ${a})::text`),
    inner.map((a) => `(select ${a})`),
    inner.map((a) => `(select q.v from (select ${a} as v) q)`),
    inner.map((a) => `(select max(q.v) from (values (${a}), ('z')) q(v))`),
    inner.map((a) => `(with w as (select ${a} as v) select v || '' from w)`),
    inner.map((a) => `(select string_agg(u, '') from unnest(string_to_array(${a}, null)) u)`),
    inner.map((a) => `array_to_string(array(select ${a}), ',')`),
  );
}

/** FROM clauses that bring the rows of customers under the name `t`. */
const source = fc.constantFrom(
  'customers t',
  'mv_cards t',
  '(select * from customers) t',
  '(select c.* from customers c join orders o on o.customer_id = c.id) t',
  '(select * from customers union all select * from mv_cards) t',
  'all_customers() t',
  'orders o join customers t on t.id = o.customer_id',
  'orders o, lateral (select * from customers c where c.id = o.customer_id) t',
  '(customers natural join (select id from customers) z) t',
  '(with w as (select * from customers) select * from w) t',
);

const select = fc
  .tuple(fc.array(text('t', 3), { minLength: 1, maxLength: 3 }), source)
  .map(
    ([targets, from]) =>
      `select ${targets.map((target, index) => `${target} as x${index}`).join(', ')} from ${from}`,
  );

export const statement: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: select },
  { weight: 1, arbitrary: select.map((inner) => `select s.x0, s from (${inner}) s`) },
  {
    weight: 1,
    arbitrary: select.map(
      (inner) =>
        `with recursive r as (select 1 as n, x0 from (${inner}) s union select n + 1, x0 || 'a' from r where n < 3) select * from r`,
    ),
  },
  {
    weight: 1,
    arbitrary: select.map((inner) => `select json_agg(s), array_agg(s.x0), count(*) from (${inner}) s`),
  },
  { weight: 1, arbitrary: select.map((inner) => `select x0 from (${inner}) s union select 'b' order by 1`) },
  { weight: 1, arbitrary: select.map((inner) => `values ((select s.x0 from (${inner}) s limit 1), 2)`) },
  {
    weight: 1,
    arbitrary: text('customers', 3).map(
      (a) => `update customers set name = name returning ${a} as x, customers.*`,
    ),
  },
);
