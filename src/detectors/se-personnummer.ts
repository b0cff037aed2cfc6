// Swedish personal identity numbers: birth date, serial and Luhn over the last ten digits (Skatteverket, SKV 704).
import { luhn } from './checksums.ts';
import { announcing, numberId } from './number-id.ts';

const plausible = (month: number, day: number): boolean => month >= 1 && month <= 12 && day >= 1 && day <= 31;

export const sePersonnummer = numberId({
  type: 'se-personnummer',
  summary: 'Swedish personal identity numbers, where something says so',
  rank: 62,
  plain: [],
  announced: [[10], [12], [6, 4], [8, 4]],
  spoken: announcing('personnummer', 'personnr', 'pnr', 'samordningsnummer', 'personal identity number'),
  valid(digits) {
    const ten = digits.slice(-10);
    // A coordination number adds 60 to the day.
    return plausible(Number(ten.slice(2, 4)), Number(ten.slice(4, 6)) % 60) && luhn(ten);
  },
});
