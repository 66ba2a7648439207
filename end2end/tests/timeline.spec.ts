// The log and the kernel side by side, in the browser and on the command line.
import { becomeOperator, OPERATOR, PASSWORD } from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

test('what an action did stands between its order and its answer, and each leads to the other', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  plane.perform('switchover', ['--to', 'n2']);
  await page.goto(`${plane.console}/timeline`);
  await expect(page.locator('main')).toContainText('no known order');
  const event = page.locator('li', { hasText: 'epoch_began' }).first();
  const join = event.getByRole('link', { name: /^#\d+$/ });
  const target = await join.getAttribute('href');
  await join.click();
  const sent = page.locator(`li[id="${target?.slice(1)}"]`);
  await expect(sent).toContainText('dispatched');
  const [above, below] = [await event.boundingBox(), await sent.boundingBox()];
  expect(above && below && above.y < below.y).toBe(true);
  await expect(page.locator('.gap').first()).toContainText('Gap:');

  const told = plane.run(['timeline', '--limit', '200']);
  expect(told.code).toBe(0);
  expect(told.stdout).toMatch(/kernel \d+\.\d+\.0 .*epoch_began n2 .*after log #\d+/);
  expect(told.stdout).toMatch(/log #\d+ .*executed .*after kernel \d+\.\d+\.\d+/);
});

test('pages of a few rows lead back to the beginning', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  await page.goto(`${plane.console}/timeline?limit=3`);
  const older = page.getByRole('link', { name: 'What happened earlier' });
  let pages = 1;
  for (; (await older.count()) > 0 && pages < 20; pages += 1) await older.click();
  expect(pages).toBeGreaterThan(1);
  await expect(page.locator('li[id="record-0"]')).toHaveCount(1);
});
