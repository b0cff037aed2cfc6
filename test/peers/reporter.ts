// Ends a test run with what a person wants to know: how it went, what was not run here, and what would bring it.
import type { Reporter, TestModule } from 'vitest/node';
import { PEERS, type PeerName, peer } from './peer.ts';

function missing(): readonly PeerName[] {
  return (Object.keys(PEERS) as PeerName[]).filter((name) => {
    try {
      return !peer(name);
    } catch {
      return true;
    }
  });
}

export default class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const unsteady: string[] = [];
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed' || state === 'failed' || state === 'skipped') count[state] += 1;
        if (test.diagnostic()?.flaky) unsteady.push(`${module.relativeModuleId}: ${test.fullName}`);
      }
    }
    const absent = missing();
    if (absent.length > 0) {
      console.log('\nNot run here, for lack of a foreign program:');
      for (const name of absent) console.log(`  ${name.padEnd(12)} ${PEERS[name].install}`);
    }
    if (unsteady.length > 0) console.log('\nFailed once and then passed:');
    for (const name of unsteady) console.log(`  ${name}`);
    console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}
