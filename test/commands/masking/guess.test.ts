import { describe, expect, it } from 'vitest';
import { guess } from '../../../src/commands/masking/guess.ts';

const column = (
  name: string,
  sqlType = 'text',
  values = 0,
  found: readonly (readonly [string, number])[] = [],
) => guess({ column: `public.t.${name}`, sqlType, values, found: new Map(found) });

describe('what a column seems to hold', () => {
  it.each([
    ['card_number', 'payment-card'],
    ['cardNumber', 'payment-card'],
    ['Email', 'email'],
    ['home_phone', 'phone'],
    ['date_of_birth', 'date-of-birth'],
    ['api_key', 'secret'],
  ])('takes %s by its name for %s, with some doubt', (name, dataType) => {
    expect(column(name)).toMatchObject({ dataType, confidence: 'medium' });
  });

  it.each([
    'card_id',
    'email_verified',
    'password_hash',
    'token_type',
    'description',
    'cardinality',
    'phone_count',
  ])('leaves %s alone', (name) => expect(column(name)).toBeUndefined());

  it('believes values more than names', () => {
    expect(column('note', 'text', 100, [['email', 90]])).toMatchObject({
      dataType: 'email',
      confidence: 'high',
    });
    expect(column('email', 'text', 100)).toMatchObject({ confidence: 'low' });
    expect(column('note', 'text', 100, [['email', 7]])).toMatchObject({
      dataType: 'email',
      confidence: 'low',
    });
    expect(column('note', 'text', 100, [['email', 1]])).toBeUndefined();
  });

  it('heeds the type of the column', () => {
    expect(column('card', 'boolean')).toBeUndefined();
    expect(column('email', 'timestamp with time zone')).toBeUndefined();
    expect(column('dob', 'date')).toMatchObject({ dataType: 'date-of-birth' });
  });
});
