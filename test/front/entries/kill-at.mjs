// Loaded before broker (NODE_OPTIONS): kills it, as kill -9 does, at the step of its writing that KILL_AT names. Only `mcp install` and `uninstall` count.
import fs from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';

const at = Number(process.env.KILL_AT);
let step = 0;

function count() {
  if (step === at) process.kill(process.pid, 'SIGKILL');
  step += 1;
}

function counted(holder, name) {
  const whole = holder[name];
  holder[name] = (...args) => {
    count();
    return whole(...args);
  };
}

if (process.argv.includes('mcp')) {
  for (const name of ['rename', 'rm', 'open']) counted(fs.promises, name);
  counted(http, 'request');
  syncBuiltinESMExports();
}
