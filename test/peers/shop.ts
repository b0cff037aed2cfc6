// The small shop that tests and the demo look at: customers with payment cards and e-mails, and their orders.

/** Published test numbers of the card networks; they pass Luhn and belong to nobody. */
export const TEST_CARDS = [
  '4111111111111111',
  '5555555555554444',
  '378282246310005',
  '6011111111111117',
  '4012888888881881',
  '5105105105105100',
] as const;

const CUSTOMERS = 60;

function customer(id: number): string {
  const number = String(id).padStart(4, '0');
  const card = TEST_CARDS[id % TEST_CARDS.length] ?? TEST_CARDS[0];
  const city = ['Lisbon', 'Oslo', 'Turin', 'Ghent', 'Graz'][id % 5];
  return `('Customer ${number}', 'customer${number}@example.com', '${card}', '+1 202 555 01${String(id % 100).padStart(2, '0')}', '${city}')`;
}

/** SQL that makes the schema, the data, and the group role `app` that people's roles are granted. */
export function shopSql(): string {
  const rows = Array.from({ length: CUSTOMERS }, (_, index) => customer(index + 1)).join(',\n');
  return `
create role app;
create table customers (
  id serial primary key,
  name text not null,
  email text not null unique,
  card varchar(19) not null,
  phone text,
  city text not null,
  joined date not null default '2026-01-15',
  constraint card_has_digits check (card ~ '^[0-9]+$')
);
create table orders (
  id serial primary key,
  customer_id integer not null references customers,
  item text not null,
  amount numeric(10,2) not null,
  placed timestamptz not null default '2026-02-01 10:00:00+00'
);
insert into customers (name, email, card, phone, city) values ${rows};
insert into orders (customer_id, item, amount)
  select 1 + (n * 7) % ${CUSTOMERS}, 'item ' || n, (n * 13 % 500) + 0.99 from generate_series(1, 240) n;
create view card_list as select id, card as number from customers;
grant usage on schema public to app;
grant select, insert, update, delete, truncate on all tables in schema public to app;
grant usage on all sequences in schema public to app;
grant create on schema public to app;
analyze;
`;
}

/** `columns:` of a connection to the shop, as YAML lines without indentation. */
export const SHOP_COLUMNS = ['public.customers.card: payment-card', 'public.customers.email: email'] as const;
