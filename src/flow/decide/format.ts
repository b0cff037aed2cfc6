// Cedar's own layout, policy by policy: what stands between policies is kept. Must never give back a text that says something else.
import { BrokerError } from '../../model/errors.ts';
import { type Cedar, loadCedar } from './engine.ts';
import { policyLimit } from './limits.ts';
import { cut, placeOf, problem } from './source.ts';

const LAYOUT = { lineWidth: 100, indentWidth: 2 };

function invalid(place: string, reason: string): BrokerError {
  return new BrokerError('policy-invalid', { count: 1, problems: `  ${place}: ${reason}` });
}

/** What the policy says, whatever its layout. */
function meaning(cedar: Cedar, text: string): string {
  const parsed = cedar.policyToJson(text);
  return parsed.type === 'success' ? JSON.stringify(parsed.json) : '';
}

/** Throws `policy-invalid` for the first policy that is none. */
export async function formatPolicies(file: string, text: string): Promise<string> {
  const cedar = await loadCedar();
  let out = '';
  let at = 0;
  for (const { text: policy, index, offset } of cut(text)) {
    const limit = policyLimit(policy);
    if (limit) throw invalid(placeOf(file, text, offset), `this policy ${limit}`);
    const parsed = cedar.policyToJson(policy);
    const [error] = parsed.type === 'failure' ? parsed.errors : [];
    if (error) {
      const { place, reason } = problem(error, file, text, offset);
      throw invalid(place, reason);
    }
    const laid = cedar.formatPolicies({ policyText: policy, ...LAYOUT });
    const shown = laid.type === 'success' ? laid.formatted_policy.trim() : policy;
    // A formatter that loses something has nothing to say here.
    out += text.slice(at, index) + (meaning(cedar, shown) === meaning(cedar, policy) ? shown : policy);
    at = index + policy.length;
  }
  const rest = text.slice(at);
  return `${(out + rest).trimEnd()}\n`;
}
