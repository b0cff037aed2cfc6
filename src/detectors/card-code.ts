// Card security codes and PINs: a few digits behind a word that says so. PCI DSS 3.3.1 forbids to keep them at all.
import { spokenValue } from './spoken-value.ts';

export const cardCode = spokenValue({
  type: 'card-code',
  summary: 'card security codes, where something says so',
  rank: 44,
  anchors: ['cvv', 'cvc', 'cvn', 'cvd', 'csc', 'card', 'security'],
  words:
    '(?:cv[vcnd]|csc)2?(?: (?:code|number|num|no|value))?|card (?:security|verification) (?:code|value|number)|security code',
  value: '\\d{3,4}(?!\\w|[.,:/-]\\d)',
});

/** ISO 9564-1 section 8.1: four to twelve digits. */
export const cardPin = spokenValue({
  type: 'card-code',
  summary: 'PINs, where something says so',
  rank: 44,
  anchors: ['pin', 'card', 'atm', 'debit'],
  words: '(?:card |atm |debit )?pin(?: (?:number|no|value|block))?',
  value: '(?:\\d{4,12}|[0-9a-f]{16})(?!\\w|[.,:/-]\\d)',
});
