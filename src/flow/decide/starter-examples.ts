// What the starter policy must say, for `broker policy test`: written beside it, to be kept in step with it.
import { STARTER_NAMES, type StarterNames } from './starter.ts';

/** File name the examples are written to. */
export const STARTER_EXAMPLES_FILE = 'starter.test.yaml';

/** YAML. Group names are quoted as JSON, which YAML reads as well. */
export function starterExamples({ people, approvers }: StarterNames = STARTER_NAMES): string {
  const [group, approving] = [JSON.stringify(people), JSON.stringify(approvers)];
  return `# What the policies must say. Check it with:  broker policy test
# Each example: a statement (or an action), the labels of the connection, the groups of the person, the answer
# (allow, ask or deny), and the ids of the policies that must give it.
examples:
  - {statement: SELECT * FROM orders, labels: [env:prod], groups: [${group}], expect: allow, policies: [people-read]}
  - {statement: SELECT * FROM orders, labels: [env:prod], groups: [], expect: deny}
  - {statement: UPDATE orders SET note = 'x' WHERE id = 1, labels: [env:prod], groups: [${group}], expect: ask, policies: [prod-writes-ask]}
  - {statement: DELETE FROM orders, labels: [env:prod], groups: [${group}], expect: deny, policies: [no-blind-writes]}
  - {statement: DELETE FROM orders WHERE 1 = 1, labels: [env:prod], groups: [${approving}], expect: deny, policies: [no-blind-writes]}
  - {statement: WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone, labels: [env:prod], groups: [${group}], expect: deny, policies: [no-blind-writes]}
  - {statement: DROP TABLE orders, labels: [env:prod], groups: [${group}], expect: ask, policies: [prod-structure-asks]}
  - {statement: DROP TABLE orders, labels: [env:dev], groups: [${group}], expect: allow, policies: [people-change]}
  - {statement: GRANT SELECT ON orders TO PUBLIC, labels: [env:dev], groups: [${group}], expect: deny, policies: [no-administration]}
  - {statement: SELECT * FROM orders, labels: [env:prod], groups: [${group}], bot: helper, expect: allow, policies: [bots-read]}
  - {statement: INSERT INTO orders VALUES (1), labels: [env:dev], groups: [${group}], bot: helper, expect: deny, policies: [bots-only-read]}
  - {action: approve, labels: [env:prod], groups: [${approving}], expect: allow, policies: [approvers]}
`;
}
