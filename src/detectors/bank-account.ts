// Numbers of bank accounts that have no check of their own, behind words that say so. An IBAN proves itself.
import { spokenValue } from './spoken-value.ts';

const NUMBER = '(?:numbers?|num|nbr|nr|no|#)';

export const bankAccount = spokenValue({
  type: 'bank-account',
  summary: 'numbers of bank accounts, where something says so',
  rank: 42,
  anchors: [
    'account',
    'acct',
    'acc',
    'a/c',
    'bank',
    'konto',
    'bankkonto',
    'cuenta',
    'clabe',
    'rekening',
    'compte',
    'conto',
  ],
  words: `(?:bank )?(?:account|acct|acc|a/c) ${NUMBER}|bank (?:account|acct)|(?:bank )?konto (?:nummer|nr|nummber)|cuenta (?:bancaria|corriente|numero)|clabe(?: interbancaria)?|rekening (?:nummer|nr)|compte bancaire|conto corrente`,
  // Six to seventeen digits, in groups or not; NACHA allows seventeen, a CLABE has eighteen.
  value: '\\d{6,18}(?![\\w.]|[-/ ]\\d)|\\d{2,8}(?:[ -]\\d{2,8}){1,4}(?![\\w.]|[-/ ]\\d)',
});
