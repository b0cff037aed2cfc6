// Check digits: Luhn, ISO 7064 mod 97 and mod 11-10, Verhoeff, weighted sums. Pure arithmetic on digit strings.

/** ISO/IEC 7812-1 annex B. */
export function luhn(digits: string): boolean {
  let sum = 0;
  let double = false;
  for (let i = digits.length - 1; i >= 0; i -= 1) {
    let value = digits.charCodeAt(i) - 48;
    if (double) value = value > 4 ? value * 2 - 9 : value * 2;
    sum += value;
    double = !double;
  }
  return sum % 10 === 0;
}

/** ISO 7064 mod 97-10 over digits and letters (A = 10 … Z = 35), as ISO 13616 uses it; the remainder. */
export function mod97(characters: string): number {
  let remainder = 0;
  for (let i = 0; i < characters.length; i += 1) {
    const code = characters.charCodeAt(i);
    if (code < 58) remainder = (remainder * 10 + code - 48) % 97;
    else remainder = (remainder * 100 + (code & 31) + 9) % 97;
  }
  return remainder;
}

/** Sum of digit × weight; digits beyond the weights do not count. */
export function weighted(digits: string, weights: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i += 1) sum += (digits.charCodeAt(i) - 48) * (weights[i] ?? 0);
  return sum;
}

/** ISO 7064 mod 11,10, as the German tax number uses it. */
export function mod11by10(digits: string): boolean {
  let product = 10;
  for (let i = 0; i < digits.length - 1; i += 1) {
    const sum = (digits.charCodeAt(i) - 48 + product) % 10;
    product = ((sum === 0 ? 10 : sum) * 2) % 11;
  }
  return (11 - product) % 10 === digits.charCodeAt(digits.length - 1) - 48;
}

/** Multiplication in the dihedral group D5, and the permutation of Verhoeff's scheme. */
const D5 = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
];
const TURN = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
];

export function verhoeff(digits: string): boolean {
  let check = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const turned = (TURN[i % 8] ?? '').charCodeAt(digit) - 48;
    check = (D5[check] ?? '').charCodeAt(turned) - 48;
  }
  return check === 0;
}

/** Bits per character by Shannon; characters count by their low seven bits. */
export function entropy(text: string): number {
  const counts = new Uint16Array(128);
  for (let i = 0; i < text.length; i += 1) {
    const place = text.charCodeAt(i) & 127;
    counts[place] = (counts[place] ?? 0) + 1;
  }
  let bits = 0;
  for (let i = 0; i < 128; i += 1) {
    const share = (counts[i] ?? 0) / text.length;
    if (share > 0) bits -= share * Math.log2(share);
  }
  return bits;
}
