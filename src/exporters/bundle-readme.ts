// README.md of an exported folder: what an assessor who never heard of us needs to know. Must never promise more than was checked.
import type { Verification } from '../model/verdict.ts';
import type { ExportFooter } from './exporter.ts';

export interface ReadmeFacts {
  readonly verdicts: Verification;
  readonly access: ExportFooter['access'];
  readonly filters: Readonly<Record<string, string>>;
  readonly made: string;
  readonly sessions: number;
  readonly withheld: number;
}

/** Markdown that shows untrusted text literally. */
function code(text: string): string {
  return `\`${text.replaceAll(/[`\p{Cc}\p{Cf}]/gu, '·')}\``;
}

function findings({ integrity, completeness, notes }: Verification): string {
  const rows = [...integrity.findings, ...completeness.findings].map(
    (each) => `- **${each.verdict}** (${each.step}) ${code(each.file)}: ${code(each.reason)}`,
  );
  const remarks = notes.map((each) => `- ${each.about}: ${code(each.text)}`);
  return [...rows, ...remarks].slice(0, 200).join('\n') || 'Nothing.';
}

export function README({ verdicts, access, filters, made, sessions, withheld }: ReadmeFacts): string {
  const asked = Object.entries(filters).map(([name, value]) => `- ${name}: ${code(value)}`);
  return `# Session evidence

Exported ${made} by access-broker. ${sessions} sealed session${sessions === 1 ? '' : 's'}, ${verdicts.checked.statements} signed statements checked.

| verdict | result | means |
| --- | --- | --- |
| INTEGRITY | ${verdicts.integrity.verdict} | nothing that is here was altered, and each signature belongs to the person it names |
| COMPLETENESS | ${verdicts.completeness.verdict} | nothing that was signed is missing, as far as chains, seals and witnesses show |
| COVERAGE | ${verdicts.coverage.verdict} | whether the targets saw sessions that are not here; needs the targets' own logs |

## What was found

${findings(verdicts)}

## What was asked for

${asked.join('\n') || 'Everything.'}

${withheld > 0 ? `${withheld} blobs belong to statements outside these filters and were left out. Their digests are listed in \`index.json\` under \`withheld\`; the statements that name them are here, so that the chain can be followed.\n` : ''}
## Check it yourself

\`\`\`sh
./verify.sh                    # jq, openssl 3, coreutils
./verify.sh provider-jwks.json # the same, with your own copy of the identity provider's keys
broker verify .                # everything, every event included
\`\`\`

Without your own copy of the provider's keys, \`verify.sh\` relies on the copies archived here. A folder made up from nothing,
with keys of its own, would pass: compare \`iss\`, \`aud\` and the keys with what the provider publishes.
Neither can show what was removed after the last statement that somebody else has seen; keep the \`heads\` of \`index.json\`
outside the store, and the next export must agree with them.

## What is here

- \`v1/stmt/day=…/writer=…/NNNNNNNNNN-kind.sigstore.json\`: signed statements, one chain per writer (a person on a machine). Each is a
  Sigstore bundle (v0.3) around a DSSE envelope around an in-toto Statement.
- \`v1/blob/sha256/…\`: what they vouch for, by SHA-256. \`events.jsonl.gz\` is the session's log, \`transcript.cast.gz\` its terminal
  (asciicast v2), \`policy.json\` the rules that decided, \`pk-token.json\` the sign-in, \`jwks.json\` the provider's keys.
- \`index.json\`: one row per statement. \`verdicts.json\`: what our verifier said when this was made.

Values were masked before they were recorded; the raw ones are nowhere.
${access.recorded ? `This export is recorded in the ledger: ${code(access.key ?? '')}.` : `This export is not recorded in the ledger: ${access.reason}.`}
The formats are specified in \`docs/evidence-format.md\` of access-broker.
`;
}
