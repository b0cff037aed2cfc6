// NIST's own JSON schemas of OSCAL, which test/vectors/oscal keeps. Knows nothing of broker.
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

export function oscalSchema(name: 'assessment-results' | 'component'): ValidateFunction {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const file = new URL(`../vectors/oscal/oscal_${name}_schema.json`, import.meta.url);
  return ajv.compile(JSON.parse(readFileSync(file, 'utf8')));
}
