// A freeze refuses every request and confirmation until an operator lifts exactly that one.
import { labels } from '../fixtures/labels.ts';
import {
  ask,
  becomeOperator,
  confirm,
  confirmAnyway,
  expectStage,
  kinds,
  OPERATOR,
  PASSWORD,
} from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

test('while a freeze stands nothing is confirmed, and after it what was explained still can be', async ({
  page,
  plane,
  complaints,
}) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  const id = await ask(page, plane, 'kind=switchover&to=n2', 'planned');
  await page.goto(`${plane.console}/actions`);
  await labels.reason(page).fill('a storage incident');
  await page.getByRole('button', { name: 'Declare a freeze' }).click();
  for (const path of ['/', '/actions', '/log', '/report', '/reference', `/actions/${id}`]) {
    await page.goto(plane.console + path);
    const banner = page.locator('[data-notice="freeze"]');
    await expect(banner).toHaveCount(1);
    await expect(banner).toContainText('a storage incident');
  }

  complaints.expectStatus(409);
  await confirmAnyway(page, 'switchover to n2', 'n2');
  await expect(page.locator('main')).toContainText('declared a freeze');
  expect(kinds(plane, id)).toEqual(['requested', 'explained', 'declined']);
  expect(plane.run(['request', 'stop_writes', '--reason', 'r']).code).toBe(9);

  await page.goto(`${plane.console}/actions`);
  await labels.reason(page).fill('the incident is over');
  await page.getByRole('button', { name: 'Lift the freeze' }).click();
  await page.goto(`${plane.console}/actions/${id}`);
  await expect(page.locator('[data-notice="freeze"]')).toHaveCount(0);
  await confirm(page, 'switchover to n2', 'n2');
  await expectStage(page, 'executed');
});
