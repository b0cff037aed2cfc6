// Numbers of driving licences, behind words that say so: each issuer has a shape of its own.
import { spokenValue } from './spoken-value.ts';

export const drivingLicence = spokenValue({
  type: 'driving-licence',
  summary: 'numbers of driving licences, where something says so',
  rank: 46,
  anchors: ['driver', 'driving', 'drv', 'dl', 'hrerschein', 'fuehrerschein', 'permis'],
  words:
    "(?:driver(?:'?s)?|driving|drv) (?:licen[cs]e|lic|permit)(?: (?:number|num|no|nr|id|#))?|dl (?:number|num|no|#)|(?:fue)?hrerschein (?:nummer|nr)|permis de conduire",
  // At least four digits; letters and hyphens among them.
  value: '(?=(?:[A-Z]{0,5}-?\\d-?){4})[A-Z0-9](?:-?[A-Z0-9]){4,17}(?![A-Z0-9])',
});
