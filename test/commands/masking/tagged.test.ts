import { describe, expect, it } from 'vitest';
import { patch, withColumns } from '../../../src/commands/masking/tagged.ts';

const FILE = `# ours
connections:
  # the shop
  prod-db:
    type: postgres   # 15
    host: db.example
    columns:
      public.customers.card: payment-card # PCI
  other:
    type: postgres
    host: two.example

store: file:///tmp/store
`;
const MORE = new Map([['public.customers.email', 'email']]);

describe('broker.yaml with more protected columns', () => {
  it('adds a line behind the last one, and changes nothing else', () => {
    const after = withColumns(FILE, 'prod-db', MORE) ?? '';
    expect(after.replace('      public.customers.email: email\n', '')).toBe(FILE);
    expect(after.indexOf('email: email')).toBeGreaterThan(after.indexOf('# PCI'));
  });

  it('adds a block to a connection that has none', () => {
    const after = withColumns(FILE, 'other', MORE) ?? '';
    expect(after).toContain('    host: two.example\n    columns:\n      public.customers.email: email\n');
    expect(after.replace('    columns:\n      public.customers.email: email\n', '')).toBe(FILE);
  });

  it('quotes names that YAML would read otherwise, and writes into braces', () => {
    const odd = withColumns(FILE, 'prod-db', new Map([['public.a b.c: d', 'email']])) ?? '';
    expect(odd).toContain('      "public.a b.c: d": email\n');
    const flow = 'connections: { a: { host: x, columns: { public.t.a: email } } }\n';
    expect(withColumns(flow, 'a', MORE)).toContain('public.customers.email: email');
  });

  it('knows no connection that is not there', () => {
    expect(withColumns(FILE, 'nope', MORE)).toBeUndefined();
  });

  it('shows the difference as a patch of one hunk', () => {
    const after = withColumns(FILE, 'prod-db', MORE) ?? '';
    expect(patch('broker.yaml', FILE, after)).toBe(`--- a/broker.yaml
+++ b/broker.yaml
@@ -6,6 +6,7 @@
     host: db.example
     columns:
       public.customers.card: payment-card # PCI
+      public.customers.email: email
   other:
     type: postgres
     host: two.example
`);
    expect(patch('broker.yaml', FILE, FILE)).toBe('');
  });
});
