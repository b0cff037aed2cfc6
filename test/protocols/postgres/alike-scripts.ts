// Scripts for psql whose output must be the same through broker. Written so that nothing in it differs from run to run.

export const SCRIPTS: Readonly<Record<string, string>> = {
  'copies tables with generated columns': `
create table boxes (w int, area int generated always as (w * h) stored, h int, note text);
insert into boxes values (2, default, 3, 'a b'), (4, default, 5, null);
copy boxes to stdout;
copy boxes to stdout with (format csv, header);
copy boxes (note, w) to stdout;
copy boxes (w, area) to stdout;
copy (select * from boxes order by w desc) to stdout;
alter table boxes drop column w cascade;
copy boxes to stdout;
drop table boxes;
`,

  'has tables of the same name in other schemas and of other conversations': `
create schema other;
create table things (id int, name text);
create table other.things (name text, extra int, id int);
insert into things values (1, 'one');
insert into other.things values ('two', 7, 2);
create temp table things (a int);
insert into things values (3);
copy things to stdout;
copy public.things to stdout;
copy other.things to stdout;
select t from things t;
select to_json(t) from public.things t union all select to_json(t) from other.things t;
drop table things;
copy things to stdout;
select * from (select * from things union all select id, name from other.things) u(x, y);
drop table public.things, other.things;
drop schema other;
`,
};
