// How broker names the bot that a host is. Pure.

/** A bot's name from what a host calls itself: lower case, as policies and the configuration name it. */
export function botName(client: string): string {
  const slug = client
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9_.-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 48);
  return slug === '' ? 'mcp' : slug;
}
