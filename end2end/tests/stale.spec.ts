// The cluster moves between the explanation and its confirmation.
import {
  type ActionJson,
  ask,
  becomeOperator,
  confirmAnyway,
  expectStage,
  kinds,
  OPERATOR,
  PASSWORD,
} from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

const NOT_SENT = ['requested', 'explained', 'stale'];

test('a confirmation after n2 went offline is stale and reaches no kernel', async ({
  page,
  plane,
  complaints,
}) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  const id = await ask(page, plane, 'kind=switchover&to=n2', 'planned');
  plane.perform('take_offline', ['--node', 'n2']);

  if (test.info().project.name === 'hydrated') {
    await expect(page.locator('#moved')).toContainText('Since then: take n2 offline by');
  }
  complaints.expectStatus(409);
  await confirmAnyway(page, 'switchover to n2', 'n2');
  await expect(page.locator('main')).toContainText(/n2 reachable: yes (->|→) no/);
  expect(kinds(plane, id)).toEqual(NOT_SENT);
  await page.goto(`${plane.console}/actions/${id}`);
  await expectStage(page, 'stale');
  await expect(page.getByRole('button', { name: /^Confirm/ })).toHaveCount(0);
});

test('the command line is told the same, with the exit code for stale', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  const asked = plane.json<ActionJson>(
    ['request', 'switchover', '--to', 'n2', '--reason', 'planned'],
  );
  plane.perform('take_offline', ['--node', 'n2']);
  const done = plane.run(['confirm', asked.id, '--digest', asked.digest, '--confirm-target', 'n2']);
  expect(done.code).toBe(4);
  expect(done.stderr).toContain('n2 reachable: yes -> no');
  expect(kinds(plane, asked.id)).toEqual(NOT_SENT);
});
