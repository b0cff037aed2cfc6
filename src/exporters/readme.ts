// README.md of an exported folder: what an assessor who never heard of us needs to know. Must never promise more than was checked.
import type { Verification } from '../model/verdict.ts';
import type { ExportFooter, ExportHeader, ExportTarget } from './exporter.ts';

export interface ReadmeFacts {
  readonly sessions: number;
  readonly withheld?: number;
  /** Markdown: what the files are, and how to look at or check them. */
  readonly about: string;
}

/** Markdown that shows untrusted text literally. */
function code(text: string): string {
  return `\`${text.replaceAll(/[`\p{Cc}\p{Cf}]/gu, '·')}\``;
}

function findings({ integrity, completeness, coverage, notes }: Verification): string {
  const rows = [...integrity.findings, ...completeness.findings, ...(coverage.findings ?? [])].map(
    (each) => `- **${each.verdict}** (${each.step}) ${code(each.file)}: ${code(each.reason)}`,
  );
  const remarks = notes.map((each) => `- ${each.about}: ${code(each.text)}`);
  return [...rows, ...remarks].slice(0, 200).join('\n') || 'Nothing.';
}

function README(header: ExportHeader, { verdicts, access }: ExportFooter, facts: ReadmeFacts): string {
  const asked = Object.entries(header.filters).map(([name, value]) => `- ${name}: ${code(value)}`);
  const { sessions, withheld = 0, about } = facts;
  return `# Session evidence

Exported ${header.made} by access-broker. ${sessions} sealed session${sessions === 1 ? '' : 's'}, ${verdicts.checked.statements} signed statements checked.

| verdict | result | means |
| --- | --- | --- |
| INTEGRITY | ${verdicts.integrity.verdict} | nothing that is here was altered, and each signature belongs to the person it names |
| COMPLETENESS | ${verdicts.completeness.verdict} | nothing that was signed is missing, as far as chains, seals and witnesses show |
| COVERAGE | ${verdicts.coverage.verdict} | whether the targets saw sessions that are not here; needs the targets' own logs |

## What was found

${findings(verdicts)}

## What was asked for

${asked.join('\n') || 'Everything.'}

${withheld > 0 ? `${withheld} blobs belong to statements outside these filters and were left out. Their digests are listed in \`index.json\` under \`withheld\`; the statements that name them are here, so that the chain can be followed.\n\n` : ''}${about.trim()}

Values were masked before they were recorded; the raw ones are nowhere.
${access.recorded ? `This export is recorded in the ledger: ${code(access.key ?? '')}.` : `This export is not recorded in the ledger: ${access.reason}.`}
The formats are specified in \`docs/evidence-format.md\` of access-broker.
`;
}

/** What a format that is not the bundle itself has to say of proof. */
export const NOT_PROOF = `## Check it

These files are made for reading and for tools: nobody signed them. What was signed is in an export of the format \`bundle\`, which can
be checked without access-broker: \`broker export --format bundle\` with the same filters, then \`./verify.sh\` in it.`;

/** Into a folder only: a stream carries nothing but its rows. */
export async function writeReadme(
  target: ExportTarget,
  header: ExportHeader | undefined,
  footer: ExportFooter,
  facts: ReadmeFacts,
): Promise<void> {
  if (target.folder && header) await target.file('README.md', README(header, footer, facts));
}
