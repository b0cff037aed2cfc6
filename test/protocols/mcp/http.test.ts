// What streamable HTTP says in headers: values as the revision writes them, and hostile challenges.
import { describe, expect, it } from 'vitest';
import { bearerChallenge } from '../../../src/protocols/mcp/challenge.ts';
import { headerValue, messageHeaders, mirroredArguments } from '../../../src/protocols/mcp/http-headers.ts';

const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };

describe('values of headers', () => {
  it.each([
    ['us-west1', 'us-west1'],
    ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
    [' padded ', '=?base64?IHBhZGRlZCA=?='],
    ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
    ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
    ['', '=?base64??='],
    ['a b', 'a b'],
  ])('%j is %s', (text, expected) => {
    expect(headerValue(text)).toBe(expected);
  });

  it('repeat the method, the name and what the tool wants, in the stateless era only', () => {
    const mirrored = mirroredArguments({
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        deep: { properties: { flag: { type: 'boolean', 'x-mcp-header': 'Flag' } } },
        absent: { type: 'integer', 'x-mcp-header': 'Absent' },
      },
    });
    const params = {
      _meta: META,
      name: 'place',
      arguments: { region: 'eu', deep: { flag: false }, absent: null },
    };
    expect(messageHeaders('tools/call', params, Array.isArray(mirrored) ? mirrored : [])).toEqual({
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'tools/call',
      'Mcp-Name': 'place',
      'Mcp-Param-Region': 'eu',
      'Mcp-Param-Flag': 'false',
    });
    expect(messageHeaders('resources/read', { _meta: META, uri: 'file:///ü' })['Mcp-Name']).toMatch(
      /^=\?base64\?/,
    );
    expect(messageHeaders('tools/list', { _meta: META })).not.toHaveProperty('Mcp-Name');
    expect(messageHeaders('tools/call', { name: 'place' })).toEqual({});
  });

  it.each([
    ['an empty name', { properties: { a: { type: 'string', 'x-mcp-header': '' } } }],
    ['a line feed', { properties: { a: { type: 'string', 'x-mcp-header': 'A\r\nHost: x' } } }],
    ['a number', { properties: { a: { type: 'number', 'x-mcp-header': 'A' } } }],
    [
      'an item of a list',
      { properties: { a: { type: 'array', items: { type: 'string', 'x-mcp-header': 'A' } } } },
    ],
    ['one of several', { oneOf: [{ properties: { a: { type: 'string', 'x-mcp-header': 'A' } } }] }],
    ['the root', { type: 'string', 'x-mcp-header': 'A' }],
    [
      'two that differ in case',
      {
        properties: {
          a: { type: 'string', 'x-mcp-header': 'A' },
          b: { type: 'string', 'x-mcp-header': 'a' },
        },
      },
    ],
  ])('no tool may want %s', (_, schema) => {
    expect(mirroredArguments(schema)).toBeTypeOf('string');
  });
});

describe('challenges', () => {
  it('are read among others, quoted or not', () => {
    const header =
      'Basic realm="a, Bearer", Bearer error="insufficient_scope", scope="a b", resource_metadata="https://x/\\"y", DPoP algs="ES256"';
    expect(bearerChallenge(header)).toEqual({
      error: 'insufficient_scope',
      scope: 'a b',
      metadata: 'https://x/"y',
    });
    expect(bearerChallenge('bearer scope=one')).toEqual({ scope: 'one' });
    expect(bearerChallenge('Bearer')).toEqual({});
    expect(bearerChallenge('Basic realm="Bearer"')).toBeUndefined();
    expect(bearerChallenge(undefined)).toBeUndefined();
  });

  it('the first of two Bearer challenges and the first of two values count, and nothing hangs', () => {
    expect(bearerChallenge('Bearer scope="a", scope="b", Bearer scope="c"')).toEqual({ scope: 'a' });
    expect(bearerChallenge(`Bearer ${'a="'.repeat(5000)}`)).toBeDefined();
    expect(bearerChallenge(`Bearer ${'\\'.repeat(9000)}`)).toBeDefined();
  });
});
