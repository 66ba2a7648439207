// What the log keeps has addresses that can be shared, and that show the same for ever.
import { ask, becomeOperator, confirm, expectStage } from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

test('a record and the observations of an action are reached from its page and never change', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  await ask(page, plane, 'kind=switchover&to=n2', 'planned');
  await confirm(page, 'switchover to n2', 'n2');
  await expectStage(page, 'executed');
  await page.getByRole('link', { name: /^The cluster as record \d+ \(explained\) saw it/ }).click();
  await expect(page).toHaveURL(/\/observations\/[0-9a-f]{64}$/);
  await expect(page.locator('main')).toContainText('From the log, not the present');
  const facts = page.locator('section[aria-label="Cluster"]');
  await expect(facts.getByRole('link', { name: 'n1' })).toBeVisible();
  const before = await facts.innerText();
  await page.goto(`${plane.console}/actions/new?kind=switchover&to=n3`);
  await page.goBack();
  expect(await facts.innerText()).toBe(before);

  await page.getByRole('link', { name: /^Record \d+ \(explained\)/ }).click();
  await expect(page).toHaveURL(/\/log\/\d+$/);
  await expect(page.locator('main')).toContainText('The bytes that were hashed');
  await page.getByRole('link', { name: /is the one after|^Record \d+$/ }).last().click();
  await expect(page).toHaveURL(/\/log\/\d+$/);
});

test('what the log does not keep is said not to be kept', async ({ page, plane, complaints }) => {
  await becomeOperator(page, plane);
  complaints.expectStatus(404);
  await page.goto(`${plane.console}/observations/${'0'.repeat(64)}`);
  await expect(page.locator('main')).toContainText('keeps no observation');
  await page.goto(`${plane.console}/log/900`);
  await expect(page.locator('main')).toContainText('holds no record 900');
});
