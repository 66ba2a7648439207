// Ends the run with one line that a reader of logs can find.
import type { FullResult, Reporter, Suite } from '@playwright/test/reporter';

export default class Summary implements Reporter {
  private suite: Suite | undefined;

  onBegin(_config: unknown, suite: Suite): void {
    this.suite = suite;
  }

  onEnd(result: FullResult): void {
    const tests = this.suite?.allTests() ?? [];
    const wanted = tests.filter((test) => test.expectedStatus !== 'skipped');
    // A listing runs nothing and has nothing to sum up.
    if (tests.every((test) => test.results.length === 0)) return;
    const passed = wanted.filter((test) => test.outcome() === 'expected').length;
    // What was not run, because the run was cut short, counts as failed.
    const failed = wanted.length - passed;
    console.log(`\nbrowser tests (${result.status}): ${passed} passed, ${failed} failed\n`);
  }

  printsToStdio(): boolean {
    return false;
  }
}
