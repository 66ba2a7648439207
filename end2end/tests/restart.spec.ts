// After a crash nobody is primary until an operator asks, and everything says so.
import {
  ask,
  becomeOperator,
  confirm,
  expectStage,
  OPERATOR,
  PASSWORD,
  put,
  signIn,
} from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

test('after a kill nobody is primary, writes say why, and failover is asked for', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  await put(plane, 'a', 'kept');
  await page.goto('about:blank');
  await plane.kill();
  await plane.start();

  await page.context().clearCookies();
  await signIn(page, plane, OPERATOR);
  await page.goto(`${plane.console}/`);
  await expect(page.locator('main')).toContainText(/nobody/i);

  plane.login(OPERATOR, PASSWORD);
  const status = plane.run(['status']).stdout;
  const said = /^Primary: nobody since (\S+): (.+)$/m.exec(status);
  expect(said, status).not.toBeNull();
  await expect(page.locator('main')).toContainText(said?.[1] ?? 'since');

  const refused = await fetch(`${plane.data}/kv/a`, { method: 'PUT', body: 'lost' });
  expect(refused.status).toBe(503);
  expect(await refused.text()).toContain(said?.[1] ?? 'since');

  await ask(page, plane, 'kind=failover&to=n2', 'after a crash');
  await expectStage(page, 'explained');
  await confirm(page, 'failover to n2', 'n2');
  await expectStage(page, 'executed');
  const read = await fetch(`${plane.data}/kv/a`);
  expect(await read.text()).toBe('kept');
  await put(plane, 'a', 'written after it');
});

test('since when nobody is primary is the same after another crash', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  const line = () => /^Primary: .*$/m.exec(plane.run(['status']).stdout)?.[0];
  await page.goto('about:blank');
  await plane.kill();
  await plane.start();
  plane.login(OPERATOR, PASSWORD);
  const first = line();
  expect(first).toContain('nobody since');
  await plane.kill();
  await plane.start();
  expect(line()).toBe(first);
});

test('without a majority failover is rejected, and nothing is written', async ({
  page,
  plane,
  complaints,
}) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  plane.perform('take_offline', ['--node', 'n1']);
  plane.perform('take_offline', ['--node', 'n2']);
  complaints.expectStatus(412);
  await ask(page, plane, 'kind=failover&to=n3', 'the last one standing');
  await expectStage(page, 'rejected');
  await expect(page.locator('main')).toContainText('quorum_reachable');
  const refused = await fetch(`${plane.data}/kv/a`, { method: 'PUT', body: 'lost' });
  expect(refused.status).toBe(503);
});
