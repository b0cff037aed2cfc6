// The shelf of detectors: one row each. A scanner is built over all that are on by default, or over the types asked for.
import type { Scanner } from '../model/masking.ts';
import { auAbn } from './au-abn.ts';
import { auMedicare } from './au-medicare.ts';
import { auTfn } from './au-tfn.ts';
import { bankAccount } from './bank-account.ts';
import { beNationalNumber } from './be-national-number.ts';
import { brCnpj } from './br-cnpj.ts';
import { brCpf } from './br-cpf.ts';
import { caSin } from './ca-sin.ts';
import { cardCode, cardPin } from './card-code.ts';
import { chAhv } from './ch-ahv.ts';
import { cloudKey } from './cloud-key.ts';
import { cnResidentId } from './cn-resident-id.ts';
import { connectionString } from './connection-string.ts';
import { curlUser } from './curl-user.ts';
import { dateOfBirth } from './date-of-birth.ts';
import { deSteuerId } from './de-steuer-id.ts';
import type { Detector } from './detector.ts';
import { dkCpr } from './dk-cpr.ts';
import { drivingLicence } from './driving-licence.ts';
import { email } from './email.ts';
import { throughEncoding } from './encoding.ts';
import { scannerOver } from './engine.ts';
import { esDni } from './es-dni.ts';
import { esNie } from './es-nie.ts';
import { fiHetu } from './fi-hetu.ts';
import { frNir } from './fr-nir.ts';
import { iban } from './iban.ts';
import { inAadhaar } from './in-aadhaar.ts';
import { inPan } from './in-pan.ts';
import { innerKey } from './inner-key.ts';
import { ip6Address, ipAddress } from './ip-address.ts';
import { itCodiceFiscale } from './it-codice-fiscale.ts';
import { jpMyNumber } from './jp-my-number.ts';
import { jwt } from './jwt.ts';
import { krRrn } from './kr-rrn.ts';
import { kubernetesSecret } from './kubernetes-secret.ts';
import { macAddress } from './mac-address.ts';
import { medicalRecord, medicareBeneficiary } from './medical-record.ts';
import { mxCurp } from './mx-curp.ts';
import { nlBsn } from './nl-bsn.ts';
import { noFodselsnummer } from './no-fodselsnummer.ts';
import { passport } from './passport.ts';
import { password } from './password.ts';
import { passwordDigest } from './password-digest.ts';
import { passwordHash } from './password-hash.ts';
import { paymentCard } from './payment-card.ts';
import { phone, phoneNorthAmerica, phoneSpoken } from './phone.ts';
import { plPesel } from './pl-pesel.ts';
import { privateKey } from './private-key.ts';
import { ptNif } from './pt-nif.ts';
import { roCnp } from './ro-cnp.ts';
import { sePersonnummer } from './se-personnummer.ts';
import { secret } from './secret.ts';
import { sgNric } from './sg-nric.ts';
import { thId } from './th-id.ts';
import { trKimlik } from './tr-kimlik.ts';
import { ukNhs } from './uk-nhs.ts';
import { ukNino, ukNinoSpaced } from './uk-nino.ts';
import { usItin } from './us-itin.ts';
import { usSsn } from './us-ssn.ts';
import { zaId } from './za-id.ts';

export type { Detector } from './detector.ts';

/** Rows of one type may be several: each finds the type in another place. */
export const DETECTORS: readonly Detector[] = [
  auTfn,
  bankAccount,
  brCpf,
  caSin,
  cardCode,
  cardPin,
  cloudKey,
  connectionString,
  dateOfBirth,
  deSteuerId,
  drivingLicence,
  email,
  esDni,
  esNie,
  frNir,
  iban,
  inAadhaar,
  ip6Address,
  ipAddress,
  itCodiceFiscale,
  jwt,
  macAddress,
  medicalRecord,
  medicareBeneficiary,
  nlBsn,
  passport,
  password,
  passwordHash,
  passwordDigest,
  paymentCard,
  phone,
  phoneNorthAmerica,
  phoneSpoken,
  plPesel,
  privateKey,
  secret,
  innerKey,
  curlUser,
  kubernetesSecret,
  ukNhs,
  ukNino,
  ukNinoSpaced,
  usItin,
  sePersonnummer,
  noFodselsnummer,
  dkCpr,
  ptNif,
  auMedicare,
  auAbn,
  jpMyNumber,
  krRrn,
  zaId,
  trKimlik,
  chAhv,
  thId,
  roCnp,
  fiHetu,
  cnResidentId,
  brCnpj,
  beNationalNumber,
  inPan,
  mxCurp,
  sgNric,
  usSsn,
];

/** Every data type there is a detector for, in order of name. */
export const DATA_TYPES: readonly string[] = [...new Set(DETECTORS.map((row) => row.type))].sort();

/**
 * A scanner for the given data types; without any, for all that are on by default. Types no detector knows are
 * left out: `scanner.types` says what is really looked for.
 */
export function createScanner(types?: readonly string[]): Scanner {
  const rows = DETECTORS.filter((row) => (types === undefined ? row.byDefault : types.includes(row.type)));
  return throughEncoding(scannerOver(rows));
}
