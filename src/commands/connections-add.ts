// broker connections add: a new target in broker.yaml.
import type { CommandDefinition } from './command.ts';

export const connectionsAdd: CommandDefinition = {
  name: 'connections add',
  group: 'sessions',
  summary: 'add a target to broker.yaml, keeping its comments',
  arguments: [{ name: 'NAME', summary: 'how you will call it, e.g. prod-db', required: true }],
  options: [
    { flags: '--host <host>', summary: 'host name, address, or folder of a unix socket' },
    { flags: '--url <address>', summary: 'address of a remote MCP server, in the place of a host' },
    { flags: '--port <port>', summary: 'port of the target' },
    { flags: '--database <name>', summary: 'database' },
    {
      flags: '--tls <mode>',
      summary: "libpq's sslmode",
      default: 'verify-full',
      choices: ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'],
    },
    {
      flags: '--credential <source>',
      summary: 'where the credential comes from; keychain, or oauth with --url, when left out',
      choices: ['env', 'ephemeral-role', 'exec', 'keychain', 'oauth', 'oidc'],
    },
    { flags: '--user <name>', summary: 'account on the target' },
    { flags: '--set <settings...>', summary: 'further settings of the credential, as setting=value' },
    { flags: '--label <labels>', summary: 'labels, separated by commas, e.g. env:prod' },
    { flags: '--protect <columns>', summary: 'protected columns, e.g. public.customers.card=payment-card,…' },
  ],
  examples: [
    {
      command: 'broker connections add prod-db --host db.example --user app',
      explains: 'a database whose password is in the keychain',
    },
    {
      command:
        "broker connections add prod-db --host db.example \\\n      --credential ephemeral-role --label env:prod \\\n      --set admin.user=adm admin.secret=adm 'grant=[app]'",
      explains: 'a role for each session, made by an admin; its password is in the keychain',
    },
    {
      command: 'broker connections add tickets --url https://mcp.example.com/mcp',
      explains: 'a remote MCP server; sign in there with `broker login tickets`',
    },
  ],
  run: async (context) => {
    const { addConnection } = await import('./setup/connection.ts');
    return addConnection(context);
  },
};
