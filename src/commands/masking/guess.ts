// What a column seems to hold, from its name, its type and what detectors say of a sample. Must never return a value.

export interface Sampled {
  /** `schema.table.column`. */
  readonly column: string;
  readonly sqlType: string;
  /** Values that were there to look at. */
  readonly values: number;
  /** Data type → how many of them had one. */
  readonly found: ReadonlyMap<string, number>;
}

export interface Proposal {
  readonly column: string;
  readonly dataType: string;
  readonly confidence: 'high' | 'medium' | 'low';
  readonly reason: string;
}

/** Names by which columns are called, split into words; the first that fits counts. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/\b(?:e ?mail|mail addr(?:ess)?|correo|courriel)\b/, 'email'],
  [/\b(?:card (?:no|num|number|pan)|card|pan|credit card|cc (?:no|num|number)|ccn)\b/, 'payment-card'],
  [/\biban\b/, 'iban'],
  [/\b(?:phone|mobile|msisdn|telephone|telefon|tel|cell|fax)\b/, 'phone'],
  [/\b(?:ssn|social security)\b/, 'us-ssn'],
  [/\b(?:nino|national insurance)\b/, 'uk-nino'],
  [/\bnhs\b/, 'uk-nhs'],
  [/\bpassport\b/, 'passport'],
  [/\b(?:dob|birth ?da(?:te|y)|date of birth|born(?: on| at)?|geburtsdatum)\b/, 'date-of-birth'],
  [/\b(?:ip|ip addr(?:ess)?|remote addr(?:ess)?)\b/, 'ip-address'],
  [/\bmac(?: addr(?:ess)?)?\b/, 'mac-address'],
  [/\b(?:password|passwd|passphrase|pwd)\b/, 'password'],
  [/\b(?:secret|token|api key|private key|access key)\b/, 'secret'],
  [/\b(?:cv[vcnd]2?|csc|security code|pin)\b/, 'card-code'],
  [/\b(?:account|acct) (?:no|num|number)\b/, 'bank-account'],
  [/\b(?:driver s|drivers?|driving) licen[cs]e\b/, 'driving-licence'],
  [/\b(?:mrn|medical record(?: (?:no|num|number))?)\b/, 'medical-record'],
  [/\bcpf\b/, 'br-cpf'],
  [/\bpesel\b/, 'pl-pesel'],
  [/\bbsn\b/, 'nl-bsn'],
  [/\baadhaa?r\b/, 'in-aadhaar'],
];

/** Types that cannot hold such a value, whatever the column is called. */
const UNFIT = /^(?:boolean|uuid|real|double|point|interval|bit)/;

/** `cardNumber`, `card_number` → `card number`. */
const words = (name: string): string =>
  name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_\W]+/g, ' ')
    .toLowerCase()
    .trim();

function byName({ column, sqlType }: Sampled): string | undefined {
  if (UNFIT.test(sqlType)) return undefined;
  const name = words(column.slice(column.lastIndexOf('.') + 1));
  if (/\b(?:id|hash|count|type|status|sent|verified|at|enabled|expires|valid|brand|last4)$/.test(name))
    return undefined;
  const type = NAMES.find(([pattern]) => pattern.test(name))?.[1];
  // A date column is a date of birth by its name alone, and nothing else.
  return /^(?:date|timestamp)/.test(sqlType) && type !== 'date-of-birth' ? undefined : type;
}

/** Shares of a sample that make a column one of this type, and those that make it a text that mentions some. */
const MOST = 0.6;
const SOME = 0.05;

/** What to tag the column as; undefined when nothing says so. */
export function guess(sampled: Sampled): Proposal | undefined {
  const { column, values, found } = sampled;
  const name = byName(sampled);
  const [top] = [...found].sort((a, b) => b[1] - a[1]);
  const share = top && values > 0 ? top[1] / values : 0;
  const seen = top ? `${top[1]} of ${values} sampled values hold ${top[0]}` : '';
  if (top && share >= MOST) {
    const agree = name === top[0];
    return { column, dataType: top[0], confidence: 'high', reason: agree ? `its name, and ${seen}` : seen };
  }
  if (name !== undefined && (values === 0 || !top))
    return {
      column,
      dataType: name,
      confidence: values === 0 ? 'medium' : 'low',
      reason: `its name${values === 0 ? '' : `; none of ${values} sampled values was recognised`}`,
    };
  if (name !== undefined)
    return { column, dataType: name, confidence: 'medium', reason: `its name; ${seen}` };
  return top && share >= SOME ? { column, dataType: top[0], confidence: 'low', reason: seen } : undefined;
}
