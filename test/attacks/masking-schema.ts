// What a database administrator left behind: code, rules, policies and types through which protected values could show. SQL only.
import { SECRETS } from '../flow/mask/world.ts';

/** Columns of these tables, besides those of the shared world. */
export const MORE_PROTECTED: Readonly<Record<string, string>> = {
  'public.gen.base': 'payment-card',
  'public.dom.c': 'contact',
  ...Object.fromEntries(
    [
      'r',
      'mr',
      'h',
      'x',
      'd',
      'cc',
      'n',
      'b',
      'ts',
      'tq',
      'iv',
      'bi',
      'f',
      'o',
      'ci',
      'j',
      'jp',
      'nm',
      'ch',
      'tid',
      'ival',
    ].map((name) => [`public.kinds.${name}`, 'secret']),
  ),
  'public.cards.card': 'payment-card',
  'public.holds.card': 'payment-card',
  'public.guarded.owner': 'payment-card',
  [`public.${'a'.repeat(63)}.v`]: 'payment-card',
};

const [CARD = '', CARD_2 = ''] = SECRETS.card;
const [ACCOUNT = ''] = SECRETS.account;
const [PIN = ''] = SECRETS.pin;

const BASE = `
create extension if not exists citext; create extension if not exists pgcrypto; create extension if not exists tablefunc;
create extension if not exists pg_trgm; create extension if not exists fuzzystrmatch; create extension if not exists postgres_fdw;
create extension if not exists pageinspect; create extension if not exists xml2; create extension if not exists intarray;
create extension if not exists ltree; create extension if not exists unaccent; create extension if not exists pgrowlocks;
create table gen (id int, base text, derived text generated always as (upper(base)) stored);
insert into gen (id, base) values (1, '${CARD}');
create domain dcontact as contact check ((value).name is not null);
create table dom (id int, c dcontact);
insert into dom values (1, row('Ada', '${CARD}')::contact);
create table kinds (id int, r int8range, mr int8multirange, h hstore, x xml, d mail[], cc contact[], n numeric, b bytea,
  ts tsvector, tq tsquery, iv text[][], bi bigint, f float8, o oid, ci citext, j json, jp jsonpath, nm name, ch char(20), tid tid, ival interval);
insert into kinds values (1, '[${ACCOUNT},9999999999999999)', '{[${ACCOUNT},9999999999999999)}', 'k=>${CARD}', '<a>${CARD}</a>',
  array['${SECRETS.email[0]}']::mail[], array[row('Ada','${CARD}')::contact], ${ACCOUNT}.5, '${CARD}', '${CARD}', '${CARD}',
  array[['a','${CARD}'],['b','c']], ${ACCOUNT}, ${PIN}, ${PIN}, '${CARD}', '{"a":["${CARD}"]}', '$."${CARD}"', '${CARD}', '${CARD}',
  '(${PIN},1)', '${PIN} seconds');
create table cards (card text primary key);
insert into cards values ('${CARD}'), ('${CARD_2}');
create table holds (id int primary key, card text references cards (card) deferrable initially deferred);
insert into holds values (1, '${CARD}');
create table guarded (id int, note text, owner text);
insert into guarded values (1, 'mine', '${CARD}'), (2, 'yours', '${CARD_2}');
create table ${'a'.repeat(63)} (id int, v text);
insert into ${'a'.repeat(63)} values (1, '${CARD}');
create table plain (id int, v text);
insert into plain values (1, 'one'), (2, 'two');
create table acted (id int, v text); insert into acted values (1, 'one');
create table ruled (id int, v text); insert into ruled values (1, 'one');
create table deft (id int, v text default get_card(1));
create table late (id int, v text); insert into late values (1, 'one');
create type mood as enum ('happy', 'sad');
`;

const CODE = `
create function spy(t text) returns bool language plpgsql as $$ begin raise notice 'spied %', t; return true; end $$;
create function say_all(t text) returns text language plpgsql as $$ begin
  raise debug 'd %', t; raise log 'l %', t; raise info 'i %', t; raise notice 'n %', t using detail = t, hint = t, column = t;
  raise warning 'w %', t using table = t, schema = t, constraint = t, datatype = t, errcode = '01000'; return 'said'; end $$;
create function shout(t text) returns text language plpgsql as $$ begin
  raise exception 'shout %', t using detail = t, hint = t, column = t, table = t, errcode = 'P0001'; end $$;
create function state(t text) returns text language plpgsql as $$ begin raise exception using errcode = '22012', message = t; end $$;
create function asserts(t text) returns text language plpgsql as $$ begin assert t = 'x', 'value was ' || t; return 'x'; end $$;
create function deep(t text) returns text language plpgsql as $$ begin return shout(t || 'x'); end $$;
create function dyn(t text) returns text language plpgsql as $$ declare r text; begin execute format('select %L::int::text', t) into r; return r; end $$;
create function says_card() returns text language plpgsql as $$ begin raise notice '%', (select card from customers limit 1); return 'ok'; end $$;
create function dies_card() returns text language plpgsql as $$ begin raise exception '%', (select card from customers limit 1); end $$;
create function sends_card() returns text language plpgsql as $$ begin perform pg_notify('c', (select card from customers limit 1)); return 'ok'; end $$;
create function keeps_card() returns text language plpgsql as $$ begin
  perform set_config('my.kept', (select card from customers limit 1), false); return 'ok'; end $$;
create function names_card() returns text language plpgsql as $$ begin
  perform set_config('application_name', (select card from customers limit 1), false); return 'ok'; end $$;
create function zone_card() returns text language plpgsql as $$ begin
  execute format('set search_path to %I, public', (select card from customers limit 1)); return 'ok'; end $$;
create function temp_card() returns text language plpgsql as $$ begin create temp table if not exists tt as select card as v from customers; return 'ok'; end $$;
create function prepares_card() returns text language plpgsql as $$ begin execute 'prepare leak as select card from customers'; return 'ok'; end $$;
create function opens_card() returns refcursor language plpgsql as $$ declare c refcursor := 'curs'; begin open c for select card from customers; return c; end $$;
create function opens_name(n text) returns refcursor language plpgsql as $$ declare c refcursor := n; begin open c for execute 'select ca' || 'rd from customers'; return c; end $$;
create function views_card() returns text language plpgsql as $$ begin create or replace temp view tv as select card as v from customers; return 'ok'; end $$;
create function imm_card() returns text language sql immutable as 'select card from customers where id = 1';
create function defarg(x text default get_card(1)) returns text language sql immutable as 'select x';
create function later_card() returns trigger language plpgsql as $$ begin raise exception 'later %', (select card from customers limit 1); end $$;
create function acts_card() returns trigger language plpgsql as $$ begin raise notice 'acts %', (select card from customers limit 1); new.v := new.v; return new; end $$;
create function fills_card() returns trigger language plpgsql as $$ begin new.v := (select card from customers limit 1); return new; end $$;
create function comp_card(plain) returns text language sql stable as 'select card from customers where id = ($1).id';
create function seq_card() returns text language plpgsql as $$ begin execute format('create temp sequence %I', 's' || (select card from customers limit 1)); return 'ok'; end $$;
create function lo_card() returns oid language plpgsql as $$ begin return lo_from_bytea(0, (select card::bytea from customers limit 1)); end $$;
create function role_card() returns text language plpgsql as $$ begin execute format('comment on table plain is %L', (select card from customers limit 1)); return 'ok'; end $$;
create function table_card() returns table (a text, b int) language plpgsql as $$ begin return query select card, id from customers; end $$;
create function vararg(variadic t text[]) returns text language sql immutable as 'select t[1]';
create function poly(x anyelement) returns anyelement language sql immutable as 'select x';
create function wrapped() returns record language sql stable as 'select id, card from customers limit 1';
create function inner_atomic() returns text language sql stable begin atomic select card from customers limit 1; end;
create procedure p_out(inout c text) language plpgsql as $$ begin c := (select card from customers limit 1); end $$;
create procedure p_note() language plpgsql as $$ begin raise notice '%', (select card from customers limit 1); commit; raise notice '%', (select card from customers limit 1); end $$;
create function gather(s text, t text) returns text language sql immutable as 'select s || t';
create aggregate collect(text) (sfunc = gather, stype = text, initcond = '');
create function peek(s int, t int) returns int language plpgsql as $$ begin raise notice '%', get_card(1); return s + t; end $$;
create aggregate peeking(int) (sfunc = peek, stype = int, initcond = '0');
`;

const RULES = `
create trigger acts before update on acted for each row execute function acts_card();
create constraint trigger later after delete on acted deferrable initially deferred for each row execute function later_card();
create trigger fills before insert on acted for each row execute function fills_card();
create rule spills as on update to ruled do also select card from customers;
create rule hides as on delete to ruled do instead select c.card as v, c.id from customers c;
create domain watched as text check (spy(value));
create domain defd as text default get_card(2);
create table domd (id int, v defd);
create function ops_spy(a text, b text) returns bool language plpgsql as $$ begin raise notice 'op % %', a, b; return true; end $$;
create operator ~~~ (leftarg = text, rightarg = text, function = ops_spy);
create type wrap as (v text);
create function wrap_of(t text) returns wrap language sql immutable as 'select row(t)::wrap';
create cast (text as wrap) with function wrap_of(text) as assignment;
create type lookup as (id int);
create function lookup_of(l lookup) returns text language sql stable as 'select card from customers where id = l.id';
create cast (lookup as text) with function lookup_of(lookup) as implicit;
`;

const VIEWS = `
create view v_spied with (security_barrier) as select id, region from customers where spy(card);
create view v_checked as select id, name, card from customers where id > 0 with check option;
create view v_act as select pid, query from pg_stat_activity;
create view v_stats as select tablename, most_common_vals::text as most_common_vals from pg_stats;
create view v_settings as select name, setting from pg_settings;
create view v_deep1 as select c from customers c; create view v_deep2 as select (c).card as q from v_deep1; create view v_deep3 as select q || '' as z, 1 as one from v_deep2;
create view v_window as select id, first_value(card) over (order by id) as w from customers;
create view v_setop as select id, name as t from customers union all select id, card from customers;
create view v_cte as with q as (select id, card from customers) select id, card as plainly from q;
create view v_lateral as select o.id, l.c from orders o, lateral (select card as c from customers where id = o.customer_id) l;
create view v_json as select id, to_jsonb(c) - 'name' as doc from customers c;
create view v_func as select id, get_card(id) as g from customers;
create materialized view mv_expr as select id, md5(card) as m, right(card, 12) as r from customers;
create view v_mv as select r as x from mv_expr;
create view v_upd as select id, card as c from customers;
create table tree (id int, ssn text) ; alter table tree inherit people; insert into tree values (9, '${SECRETS.ssn[0]}');
create table low_sub partition of payments for values from (1000) to (2000) partition by list (id);
create table low_leaf (extra int, id int, card text, amount int); alter table low_leaf drop column extra; alter table low_sub attach partition low_leaf for values in (1500);
insert into payments values (1500, '${CARD}', 1);
create schema shadow; create view shadow.orders as select id, card as note from public.customers;
create function shadow.lower(text) returns text language sql stable as 'select card from public.customers limit 1';
create table shadow.plain (id int, v text); insert into shadow.plain values (1, 'shadow');
create view shadow.late as select id, card as v from public.customers;
create statistics st (mcv) on card, email from customers;
create index ix_expr on customers ((card || 'x'));
alter table guarded enable row level security; alter table guarded force row level security;
create policy g on guarded using (spy(owner));
create role limited; grant all on all tables in schema public to limited; grant usage on schema public to limited;
create server loop foreign data wrapper postgres_fdw options (dbname 'masked');
create sequence named_seq; comment on table plain is 'plain';
select lo_from_bytea(4243, '${CARD}');
create function evt_card() returns event_trigger language plpgsql as $$ begin raise notice 'ddl %', (select card from customers limit 1); end $$;
create event trigger on_ddl on ddl_command_start when tag in ('CREATE SEQUENCE', 'COMMENT') execute function evt_card();
`;

export const MORE_SQL = `${BASE}${CODE}${RULES}${VIEWS}`;
