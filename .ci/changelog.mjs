// npm run changelog: CHANGELOG.md from the commits. The preset takes annotations such as @ask for people; those links go.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const file = 'CHANGELOG.md';
execFileSync('npx', ['conventional-changelog', '-p', 'conventionalcommits', '-r', '0', '-o', file], { stdio: 'inherit' });
writeFileSync(file, readFileSync(file, 'utf8').replace(/\[(@[\w-]+)\]\(undefined\/[^)]*\)/g, '$1'));
