// Forms in which values that detectors know lie in a database, and ways to ask for them. Data only. Nothing here is tagged: content masking is alone.
import { deflateSync, gzipSync } from 'node:zlib';

export const CARD = '5500005555555559';
export const MAIL = 'zqx.kjv@wphgm.example.org';
export const IBAN = 'DE89370400440532013000';
export const TOKEN = 'glpat-Zq9XkJv3WpHgM7LbTdRc';

const RECORD = `{"card":"${CARD}","who":{"mail":"${MAIL}"},"token":"${TOKEN}"}`;

const base64 = (text: string, encoding: BufferEncoding = 'utf8'): string =>
  Buffer.from(text, encoding).toString('base64');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const each = (text: string, write: (letter: string, code: number) => string): string =>
  [...text].map((letter) => write(letter, letter.charCodeAt(0))).join('');
const swapped = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const wide = (text: string, little: boolean): Buffer =>
  Buffer.concat(
    [...text].map((letter) =>
      Buffer.from(little ? [letter.charCodeAt(0), 0, 0, 0] : [0, 0, 0, letter.charCodeAt(0)]),
    ),
  );

/** A literal of any text. */
const lit = (text: string): string => `E'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
const bytes = (content: Uint8Array): string => `'\\x${hex(content)}'`;
const text = (content: string): readonly [string, string] => ['text', lit(content)];
const bytea = (content: Uint8Array): readonly [string, string] => ['bytea', bytes(content)];

/** Name, type and value of each. */
export const FORMS: Readonly<Record<string, readonly [type: string, expression: string]>> = {
  'a note': text(`call ${MAIL} about ${CARD} and ${IBAN}, use ${TOKEN}`),
  'digits in groups': text(`${CARD.replace(/(.{4})/g, '$1 ')}and ${CARD.replace(/(.{4})(?=.)/g, '$1-')}`),
  'digits with no-break spaces': text(CARD.replace(/(.{4})(?=.)/g, '$1\u00a0')),
  'full-width digits': text(each(CARD, (_, code) => String.fromCharCode(code - 48 + 0xff10))),
  'Arabic digits': text(each(CARD, (_, code) => String.fromCharCode(code - 48 + 0x660))),
  'zero-width spaces between': text(each(CARD, (letter) => `${letter}\u200b`)),
  json: ['json', lit(RECORD)],
  jsonb: ['jsonb', lit(RECORD)],
  'JSON with every letter escaped': [
    'json',
    lit(`{"c":"${each(CARD, (_, code) => `\\u00${code.toString(16)}`)}"}`),
  ],
  'JSON in JSON in JSON': [
    'json',
    lit(JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ c: RECORD }) }) })),
  ],
  'JSON in JSON in jsonb': [
    'jsonb',
    lit(JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ c: RECORD }) }) })),
  ],
  'JSON lines': text(`${RECORD}\n${RECORD}\n`),
  'a number in JSON': ['jsonb', lit(`{"n":${CARD}}`)],
  'a number with a point in JSON': ['json', lit(`[${CARD}.00]`)],
  'a number with an exponent in JSON': ['json', lit(`[${CARD[0]}.${CARD.slice(1)}e15]`)],
  'keys of JSON': ['jsonb', lit(`{"${CARD}":{"${MAIL}":1}}`)],
  xml: ['xml', lit(`<a><b c="${CARD}">${MAIL}</b><!-- ${IBAN} --><?p ${TOKEN}?></a>`)],
  CDATA: ['xml', lit(`<a><![CDATA[${CARD} ${MAIL}]]></a>`)],
  'entities in XML': [
    'xml',
    lit(
      `<a>${each(CARD, (_, code) => `&#${code};`)} ${each(MAIL, (_, code) => `&#x${code.toString(16)};`)}</a>`,
    ),
  ],
  'named entities in HTML': text(`<p>${MAIL.replace('@', '&commat;').replaceAll('.', '&period;')}</p>`),
  'an address in a link': text(`<a href="mailto:${encodeURIComponent(MAIL)}?subject=${CARD}">write</a>`),
  hstore: ['hstore', `hstore(array['k','${CARD}','m'], array['${CARD}','x','${MAIL}'])`],
  'hstore of JSON': ['hstore', `hstore('k', ${lit(RECORD)})`],
  'text array': ['text[]', `array['a', '${CARD}', null, 'say "${MAIL}"']`],
  'array of arrays': ['text[]', `array[['a', '${CARD}'], ['${MAIL}', 'b']]`],
  'array of JSON': ['jsonb[]', `array[${lit(RECORD)}::jsonb]`],
  'array of bytes': ['bytea[]', `array['${CARD}'::bytea]`],
  'array of numbers': ['bigint[]', `array[1, ${CARD}]`],
  'array of floats': ['float8[]', `array[1, ${CARD}]`],
  'array of composites': ['pair[]', `array[row('a', '${CARD}')::pair, row('${MAIL}', '"')::pair]`],
  composite: ['pair', `row('say "${MAIL}"', '${CARD}')`],
  'composite in composite': ['nest', `row(row('x', ${lit(RECORD)})::pair, array['${CARD}'])`],
  'composite in JSON': ['jsonb', `jsonb_build_object('v', row('x', '${CARD}')::pair::text)`],
  domain: ['note', `'${MAIL}'`],
  'domain over an array': ['notes', `array['${MAIL}']`],
  'text range': ['textrange', `textrange('${CARD}', null)`],
  'text multirange': ['textmultirange', `textmultirange(textrange('${MAIL}', 'zzzz'))`],
  int8range: ['int8range', `int8range(${CARD}, null)`],
  numrange: ['numrange', `numrange(${CARD}, null, '()')`],
  int8multirange: ['int8multirange', `int8multirange(int8range(1, 2), int8range(${CARD}, null))`],
  bigint: ['bigint', CARD],
  numeric: ['numeric', CARD],
  'numeric with a scale': ['numeric(30,4)', CARD],
  float8: ['float8', CARD],
  citext: ['citext', `'${MAIL}'`],
  ltree: ['ltree', `'top.${CARD}'`],
  name: ['name', `'${MAIL}'`],
  'char(40)': ['char(40)', `'${CARD}'`],
  tsvector: ['tsvector', `to_tsvector('simple', '${MAIL} ${CARD}')`],
  tsquery: ['tsquery', `to_tsquery('simple', '''${MAIL}'' & ${CARD}')`],
  jsonpath: ['jsonpath', `'$.a ? (@ == "${CARD}")'`],
  'URL parameters': text(
    `https://shop.example/pay?card=${CARD}&mail=${encodeURIComponent(MAIL)}#token=${TOKEN}`,
  ),
  'parameters with every letter written': text(`q=${each(CARD, (_, code) => `%${code.toString(16)}`)}`),
  'percent signs twice': text(`u=${each(MAIL, (_, code) => `%25${code.toString(16)}`)}`),
  'an address with its words in a URL': text(
    `postgres://app:${encodeURIComponent('Zq9!kJv3@wPh')}@db.example/shop`,
  ),
  'quoted-printable': text(`Card: ${each(CARD, (_, code) => `=${code.toString(16).toUpperCase()}`)}`),
  'quoted-printable, wrapped': text(`${'Dear customer, '.repeat(4)}${CARD.slice(0, 9)}=\r\n${CARD.slice(9)}`),
  'a MIME word': text(
    `=?utf-8?B?${base64(MAIL)}?= =?utf-8?Q?${each(CARD, (_, code) => `=${code.toString(16)}`)}?=`,
  ),
  'a MIME part': text(
    `Content-Transfer-Encoding: base64\r\n\r\n${base64(`${RECORD.repeat(4)}`).replace(/(.{76})/g, '$1\r\n')}`,
  ),
  base64: text(base64(RECORD)),
  base64url: text(Buffer.from(RECORD).toString('base64url')),
  'base64 of base64': text(base64(base64(RECORD))),
  'base64 behind a path': text(`/v1/blobs/${base64(RECORD)}`),
  'basic authorization': text(`Authorization: Basic ${base64(`${MAIL}:Zq9!kJv3wPh`)}`),
  'base64 of UTF-16': text(base64(RECORD, 'utf16le')),
  'base64 of a mebibyte and more': [
    'text',
    `encode(convert_to(repeat('nothing to see here. ', 60000) || ${lit(RECORD)}, 'UTF8'), 'base64')`,
  ],
  hexadecimal: text(hex(Buffer.from(RECORD))),
  'hexadecimal with colons': text(hex(Buffer.from(CARD)).replace(/(..)(?=.)/g, '$1:')),
  'a hex dump': text(`00000000  ${hex(Buffer.from(CARD)).replace(/(..)(?=.)/g, '$1 ')}  |x|`),
  'escapes of a programming language': text(`"${each(CARD, (_, code) => `\\x${code.toString(16)}`)}"`),
  'a literal': ['text', `quote_literal(${lit(`\\${CARD}`)})`],
  'SQL of a dump': ['text', `format('insert into t values (%L, %L);', '${CARD}', '${MAIL}')`],
  csv: text(`id;card;mail\n1;"${CARD}";"${MAIL}"\n`),
  'a private key': text(
    '-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu\n-----END RSA PRIVATE KEY-----',
  ),
  'bytes of UTF-8': bytea(Buffer.from(RECORD)),
  'bytes of UTF-16': bytea(Buffer.from(RECORD, 'utf16le')),
  'bytes of UTF-16, big end first': bytea(swapped(RECORD)),
  'bytes of UTF-32': bytea(wide(RECORD, true)),
  'bytes of UTF-32, big end first': bytea(wide(RECORD, false)),
  'bytes of base64': bytea(Buffer.from(base64(RECORD))),
  'bytes of gzip': bytea(gzipSync(RECORD)),
  'bytes of zlib': bytea(deflateSync(RECORD)),
  'base64 of gzip': text(gzipSync(RECORD).toString('base64')),
  'gzip in gzip': bytea(gzipSync(gzipSync(RECORD))),
  'bytes of a message': bytea(
    Buffer.concat([
      Buffer.from([0, 1, 2, 0xff, 0x0a, CARD.length]),
      Buffer.from(CARD),
      Buffer.from([0x12, MAIL.length]),
      Buffer.from(MAIL),
    ]),
  ),
};

const SHAPES = [
  'v',
  'v::text',
  'to_jsonb(f)',
  'f',
  'array_agg(v)',
  'format($$%s %L$$, v, v::text)',
  'row(v, 1)',
] as const;

/** Ways to ask for the value of a form that lies in table `f`. */
export const shapesOf = (table: string): readonly string[] =>
  SHAPES.map((shape) => `select ${shape} from ${table} f`);

export const SCHEMA = `
create extension hstore; create extension citext; create extension ltree; create extension dblink; create extension postgres_fdw;
create extension pageinspect; create extension pg_trgm; create extension xml2; create extension tablefunc;
create type pair as (a text, b text); create type nest as (p pair, t text[]); create domain note as text; create domain notes as text[];
create type textrange as range (subtype = text);
create table people (id int primary key, mail text not null check (mail <> 'x'), card text unique, num bigint, doc jsonb,
  said text generated always as (mail || ' ' || card) stored);
insert into people (id, mail, card, num, doc) select i, '${MAIL}', '${CARD}' || repeat(' ', i), ${CARD}, '${RECORD}' from generate_series(1, 4) i;
create table wide_digits as select ${FORMS['full-width digits']?.[1]} as v; create table utf16_bytes as select ${bytes(Buffer.from(RECORD, 'utf16le'))}::bytea as v;
create table quiet (id int primary key, v text); insert into quiet values (1, 'one');
create function tells() returns trigger language plpgsql as $$ begin
  raise notice 'row %', (select p from people p limit 1) using detail = (select doc::text from people limit 1), hint = '${CARD}'; return new; end $$;
create trigger tells before update on quiet for each row execute function tells();
create function fails(t text) returns text language plpgsql as $$ begin
  raise exception 'no %', t using detail = t, hint = t, column = t, constraint = t, table = t, schema = t, datatype = t; end $$;
create function sends() returns text language plpgsql as $$ begin perform pg_notify('c', (select doc::text from people limit 1)); return 'ok'; end $$;
create function keeps() returns text language plpgsql as $$ begin
  perform set_config('my.kept', (select doc::text from people limit 1), false), set_config('application_name', '${MAIL}', false); return 'ok'; end $$;
create view said as select said from people; create materialized view seen as select * from people;
select lo_from_bytea(7001, convert_to('${RECORD}', 'UTF8')), lo_from_bytea(7002, decode('${hex(gzipSync(RECORD))}', 'hex'));
comment on table people is 'ask ${MAIL}'; comment on column people.card is 'like ${CARD}';
create table defaulted (id int, v text default '${MAIL}', w text check (w <> '${CARD}'));
create function body() returns text language sql as $$ select '${TOKEN}'::text $$;
create role "${MAIL}"; create table "${CARD}" (id int);
create server loop foreign data wrapper postgres_fdw options (dbname 'content', host '${MAIL}');
create server here foreign data wrapper postgres_fdw;
analyze;
`;

/** Besides the forms. */
export const QUERIES: Readonly<Record<string, readonly string[]>> = {
  'rows and functions over them': [
    'select * from people',
    'table people',
    'select p from people p',
    'select to_json(p), row_to_json(p), hstore(p), array_agg(p) over () from people p',
    'select json_agg(p), jsonb_object_agg(id, doc), string_agg(card, $$,$$), xmlagg(xmlelement(name a, xmlattributes(mail as m), card)) from people p',
    'select max(mail), min(num), max(num)::float8, num::numeric / 1, num::text, -num from people group by num',
    'select doc->$$who$$, doc->>$$card$$, doc#>>$${who,mail}$$, jsonb_pretty(doc), doc::text from people',
    'select * from people, jsonb_each_text(doc)',
    'select quote_literal(mail), quote_ident(mail), format($$%I %L %s$$, mail, card, doc) from people',
    'select ts_headline(mail, to_tsquery($$zqx:*$$)), to_tsvector(mail), show_trgm(card) from people',
    'select query_to_xml($$select * from people$$, true, false, $$$$), table_to_xml($$people$$, false, true, $$$$)',
    'select * from said union all select mail from seen',
    'values ((select mail from people limit 1), (select doc from people limit 1))',
    'with p as materialized (select mail || card as x from people) select x from p',
    'select lag(card) over (order by id), first_value(doc) over (order by id) from people',
    'select * from crosstab($$select id, mail, card from people order by 1$$) as c(id int, a text)',
    'select xpath($$//text()$$, xmlelement(name a, mail)), regexp_matches(mail, $$.*$$), string_to_array(doc::text, $$,$$) from people',
    'select mail::bytea, convert_to(card, $$UTF8$$), convert_to(mail, $$SQL_ASCII$$), encode(card::bytea, $$escape$$), encode(mail::bytea, $$base64$$), encode(card::bytea, $$hex$$) from people',
    'select doc::text::xml, xmlelement(name a, doc::text), xmlcomment(mail), xmlpi(name p, card) from people',
  ],
  'what the server keeps about data': [
    'select * from pg_stats where tablename = $$people$$',
    'select most_common_vals::text::text[], histogram_bounds::text from pg_stats where tablename = $$people$$',
    'select stavalues1, stavalues2::text, stavalues3 from pg_statistic',
    'select * from pg_stat_activity',
    'select query from pg_stat_activity',
    'select obj_description($$people$$::regclass), col_description($$people$$::regclass, 3), description from pg_description where objoid = $$people$$::regclass',
    'select pg_get_expr(adbin, adrelid) from pg_attrdef',
    'select pg_get_constraintdef(oid) from pg_constraint',
    'select prosrc, pg_get_functiondef(oid) from pg_proc where proname in ($$body$$, $$tells$$)',
    'select rolname from pg_roles',
    'select srvoptions from pg_foreign_server',
    'select relname, attname from pg_class join pg_attribute on attrelid = pg_class.oid where relnamespace = $$public$$::regnamespace',
    'select column_default from information_schema.columns where table_name = $$defaulted$$',
    'select t_data from heap_page_items(get_raw_page($$people$$, 0))',
    'select t_attrs from heap_page_item_attrs(get_raw_page($$people$$, 0), $$people$$::regclass)',
    'select get_raw_page($$people$$, 0)',
    'select * from bt_page_items($$people_card_key$$, 1)',
    'select pg_read_binary_file(pg_relation_filepath($$people$$)), pg_read_file($$postgresql.auto.conf$$)',
    'select lo_get(7001), loread(lo_open(7001, 262144), 4096)',
    'select data from pg_largeobject where loid in (7001, 7002)',
    'select lo_get(7002)',
    'select * from pg_prepared_statements',
    'select data from pg_logical_slot_peek_changes($$content$$, null, null)',
    'select data from pg_logical_slot_peek_binary_changes($$content$$, null, null)',
    'select * from pg_logical_slot_get_changes($$content$$, null, 1)',
    'select query from pg_stat_statements',
  ],
  plans: [
    `explain verbose select * from people where card = '${CARD}' and mail like '${MAIL}%'`,
    `explain (format json, verbose) select '${RECORD}'::jsonb from people where num = ${CARD}`,
    `explain (analyze, format xml) select * from people where doc @> '${RECORD}'`,
    `explain (analyze, format yaml, verbose) select '${IBAN}', mail from people order by mail`,
  ],
  errors: [
    'select mail::int from people',
    'select num::int from people',
    'select doc::text::int from people',
    'select (doc::text || $$x$$)::jsonb from people',
    'select fails(mail) from people',
    'select fails(doc::text) from people',
    'select fails(card) from people',
    'insert into people (id, mail, card) select id, mail, card from people',
    'insert into people (id, mail, card) select 100, mail, card from people limit 1',
    'update people set mail = null',
    `update people set mail = 'x'`,
    'update quiet set v = v returning *',
    'create table u (m text); create unique index on people (mail)',
    'select mail::xml, card::inet from people',
    'select card::date, mail::uuid from people',
    `select '${CARD}'::int`,
    `select * from "${MAIL}"`,
    `select ${CARD}::int`,
    `syntax '${CARD}'`,
    'select array[mail]::int[] from people',
    'select sends()',
  ],
  copies: [
    'copy people to stdout',
    'copy people to stdout (format csv, header, force_quote *)',
    'copy people to stdout (format binary)',
    `copy people (doc, card, mail) to stdout (format csv, delimiter ';', quote '''')`,
    'copy (select p, doc, array[mail], hstore(p) from people p) to stdout',
    'copy (select p, doc, array[mail], hstore(p) from people p) to stdout (format binary)',
    `copy people to stdout (delimiter '5')`,
    `copy people (card, mail) to stdout (format csv, quote '5', delimiter 'z')`,
    `copy (select mail from people) to stdout (encoding 'SJIS')`,
    `copy (select mail from people) to stdout (encoding 'LATIN1')`,
    `copy (select replace(card, '5', E'\\\\') || E'\\n' || card from people) to stdout`,
  ],
};

/** Several statements in one conversation. */
export const SCRIPTS: readonly (readonly string[])[] = [
  ['listen c', 'select sends()', 'unlisten c'],
  [`listen "${MAIL}"`, `select pg_notify('${MAIL}', 'x')`, 'select * from pg_listening_channels()'],
  [
    'select keeps()',
    'show my.kept',
    `select current_setting('my.kept')`,
    'show application_name',
    'show all',
    'reset application_name',
  ],
  [
    'begin',
    'declare c binary scroll cursor with hold for select * from people',
    'fetch 2 from c',
    'commit',
    'fetch all from c',
    'fetch backward 1 from c',
    'close c',
  ],
  [
    'prepare p(text) as select * from people where mail = $1',
    `execute p('${MAIL}')`,
    `explain (verbose) execute p('${MAIL}')`,
    'select statement from pg_prepared_statements',
    'deallocate p',
  ],
  ['set client_encoding = SJIS', 'select v from wide_digits', 'reset client_encoding'],
  ['set client_encoding = LATIN1', 'select mail, card, doc from people', 'reset client_encoding'],
  ['set client_encoding = EUC_JP', 'select v from wide_digits', 'reset client_encoding'],
  ['set client_encoding = GB18030', 'select v from wide_digits', 'reset client_encoding'],
  [
    'set bytea_output = escape',
    'select v from utf16_bytes',
    `select card::bytea || '\\x00ff'::bytea from people`,
    'reset bytea_output',
  ],
  [
    'set xmlbinary = hex',
    'select xmlelement(name a, doc::text::bytea) from people',
    'set xmlbinary = base64',
    'select xmlelement(name a, doc::text::bytea) from people',
    `select query_to_xml('select card::bytea from people', true, true, '')`,
  ],
  [
    'do $$ begin raise notice $n$%$n$, (select doc from people limit 1); raise warning $n$%$n$, (select card from people limit 1); end $$',
  ],
  [
    `do $$ begin raise exception using message = (select mail from people limit 1), detail = (select card from people limit 1); end $$`,
  ],
  [
    'begin',
    'create temp table kept as select * from people',
    'table kept',
    'alter table kept alter card type int using card::int',
    'rollback',
  ],
  ['begin', 'update quiet set v = v', 'rollback'],
  [
    'set debug_print_plan = on',
    'set client_min_messages = log',
    `select * from people where card = '${CARD}'`,
  ],
  ['set log_statement = $$all$$', 'set client_min_messages = debug5', `select '${CARD}'`],
  [
    'begin',
    `select lo_create(7009)`,
    `select lowrite(lo_open(7009, 131072), '${RECORD}')`,
    'select lo_get(7009)',
    'rollback',
  ],
  [`select * from dblink('dbname=content', 'select mail from people') as t(m text)`],
];
