// Numbers under which a patient is kept: medical record numbers, where words say so, and Medicare beneficiaries by their shape.
import { spokenValue } from './spoken-value.ts';

export const medicalRecord = spokenValue({
  type: 'medical-record',
  summary: 'medical record numbers, where something says so',
  rank: 46,
  anchors: ['mrn', 'medical', 'patient', 'hospital'],
  words: '(?:patient )?mrn(?: (?:number|no|#))?|(?:medical record|patient|hospital) (?:number|num|no|nr|#)',
  value: '[A-Z]{0,3}[ -]?\\d{4,12}(?![\\w.]|[-/]\\d)',
});

/** "Understanding the Medicare Beneficiary Identifier Format", CMS: no S, L, O, I, B, Z. */
const LETTER = '[AC-HJKMNP-RT-Y]';
const EITHER = '[AC-HJKMNP-RT-Y0-9]';

export const medicareBeneficiary = spokenValue({
  type: 'medical-record',
  summary: 'Medicare beneficiary identifiers, where something says so',
  rank: 46,
  anchors: ['mbi', 'medicare', 'beneficiary', 'hicn'],
  words: '(?:mbi|medicare|beneficiary|hicn)(?: (?:beneficiary))?(?: (?:number|num|no|id|identifier|#))?',
  value: `[1-9]${LETTER}${EITHER}\\d-?${LETTER}${EITHER}\\d-?${LETTER}{2}\\d\\d(?!\\w)`,
});
