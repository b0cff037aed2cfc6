// The policy a new user starts with. It must read well to someone who has never seen Cedar.

export interface StarterNames {
  /** Group of the people who work with these connections. */
  readonly people: string;
  /** Group whose members may approve what policy asks about. */
  readonly approvers: string;
  /** Group whose members may read the evidence. */
  readonly auditors: string;
}

export const STARTER_NAMES: StarterNames = { people: 'engineers', approvers: 'dbas', auditors: 'auditors' };

/** File name the starter policy is written to. */
export const STARTER_FILE = 'starter.cedar';

const OPENING = `// Who may do what, in Cedar (https://www.cedarpolicy.com). How to read it:
//
//   permit  lets something happen. What no permit allows is refused.
//   forbid  refuses it, whatever any permit says.
//   @ask    on a forbid: a person may release it. Only what a permit allows as well can be released.
//
// Every answer names the policies that gave it by their @id: refusals show it, and so does the evidence.
// Try a statement:  broker policy explain NAME "DELETE FROM orders"
// After an edit:    broker policy check`;

const people = ({ people: group }: StarterNames): string => `
// ---- People --------------------------------------------------------------------------------------------
// "${group}" is a group as your identity provider names it. "env:prod" and "env:dev" are labels that you
// give to connections in broker.yaml.

@id("people-read")
permit (
  principal in Group::"${group}",
  action in [Action::"session:open", Action::"read"],
  resource
) when { resource in Label::"env:prod" || resource in Label::"env:dev" };

// Changing data (write), changing tables (define), removing things (destroy) and running code (execute).
// On production, the rules further down stop most of this until somebody approves it.
@id("people-change")
permit (
  principal in Group::"${group}",
  action in [Action::"write", Action::"define", Action::"destroy", Action::"execute"],
  resource
) when { resource in Label::"env:prod" || resource in Label::"env:dev" };
`;

const production = ({ approvers }: StarterNames): string => `
// ---- Production ----------------------------------------------------------------------------------------

@id("prod-writes-ask")
@ask("this changes data in production")
@expires("30m")
forbid (
  principal,
  action in [Action::"write", Action::"execute"],
  resource in Label::"env:prod"
) unless { action == Action::"mcp:call" };

@id("prod-structure-asks")
@ask("this changes or removes tables in production")
@advice("members of ${approvers} can approve it")
@expires("30m")
forbid (
  principal,
  action in [Action::"destroy", Action::"define"],
  resource in Label::"env:prod"
);

// DELETE or UPDATE that would change every row. There is no @ask here, so nobody can release it.
@id("no-blind-writes")
@advice("add a WHERE that picks the rows you mean")
forbid (
  principal,
  action in [Action::"sql:delete-all", Action::"sql:update-all"],
  resource in Label::"env:prod"
);

// Granting rights, changing roles, reading the server's files, running programs on it, changing what the
// session's own texts mean.
@id("no-administration")
@advice("administer the server without broker, with an account of its own")
forbid (principal, action in Action::"administer", resource);

@id("approvers")
permit (
  principal in Group::"${approvers}",
  action == Action::"approve",
  resource in Label::"env:prod"
);
`;

const bots = `
// ---- Bots (AI agents, MCP servers, CI jobs) ------------------------------------------------------------
// A bot does not inherit its owner's groups, and can never do what its owner may not.

@id("bots-read")
permit (
  principal is Bot,
  action in [Action::"session:open", Action::"read"],
  resource
) when { resource in Label::"env:prod" || resource in Label::"env:dev" };

@id("bots-only-read")
@advice("bots may only read: run it yourself")
forbid (
  principal is Bot,
  action in [Action::"write", Action::"define", Action::"destroy", Action::"administer", Action::"execute"],
  resource
) unless { action == Action::"mcp:call" };

// Calling a tool of an MCP server. What the tool then does in the database is judged by itself, by the rules
// above. To narrow it: resource == Tool::"NAME/tool", context.arguments.hasTag("path"), …
@id("bots-call-tools")
permit (
  principal is Bot,
  action == Action::"mcp:call",
  resource
) when { resource in Label::"env:prod" || resource in Label::"env:dev" };
`;

const values = ({ people: group, auditors }: StarterNames): string => `
// ---- Values --------------------------------------------------------------------------------------------
// Protected values are masked unless "reveal" is permitted. Nobody is ever shown these:

@id("never-revealed")
forbid (
  principal,
  action == Action::"reveal",
  resource
) when {
  resource in DataType::"payment-card" || resource in DataType::"iban" ||
  resource in DataType::"us-ssn" || resource in DataType::"us-itin" ||
  resource in DataType::"uk-nino" || resource in DataType::"uk-nhs" ||
  resource in DataType::"private-key" || resource in DataType::"jwt" ||
  resource in DataType::"connection-string" || resource in DataType::"cloud-key" ||
  resource in DataType::"secret"
};

// To show e-mail addresses as they are, remove the two slashes in front of each line:
//
// @id("people-see-emails")
// permit (
//   principal in Group::"${group}",
//   action == Action::"reveal",
//   resource in DataType::"email"
// );

// ---- Evidence ------------------------------------------------------------------------------------------

@id("auditors-read-evidence")
permit (principal in Group::"${auditors}", action == Action::"audit", resource);
`;

/** The starter policy with the groups' names filled in. Names are quoted for Cedar. */
export function starterPolicy(names: StarterNames = STARTER_NAMES): string {
  const quote = (name: string): string => JSON.stringify(name).slice(1, -1);
  const quoted: StarterNames = {
    people: quote(names.people),
    approvers: quote(names.approvers),
    auditors: quote(names.auditors),
  };
  return `${OPENING}\n${people(quoted)}${production(quoted)}${bots}${values(quoted)}`;
}
