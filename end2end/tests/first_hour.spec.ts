// What a new operator meets first.
import { becomeOperator, nodeRow, put, signIn, OPERATOR, PASSWORD } from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

test('the set-up link makes the first operator, who sees three nodes and one primary', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  for (const node of ['n1', 'n2', 'n3']) await expect(nodeRow(page, node)).toHaveCount(1);
  await expect(nodeRow(page, 'n1')).toContainText('primary');
  for (const node of ['n2', 'n3']) await expect(nodeRow(page, node)).toContainText('standby');
  await expect(page).toHaveTitle(/aerodb/);
  await expect(page).toHaveTitle(/end2end/);
});

test('the set-up link works once', async ({ page, plane, complaints }) => {
  const link = plane.setupLink ?? '';
  await becomeOperator(page, plane);
  const answer = await page.goto(link);
  const status = answer?.status() ?? 0;
  complaints.expectStatus(status);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  await expect(page.getByRole('button', { name: 'Create the first operator' })).toHaveCount(0);
});

test('without a session every page leads to the sign-in page', async ({
  page,
  plane,
  complaints,
}) => {
  complaints.expectStatus(401);
  for (const path of ['/', '/actions', '/actions/new', '/log']) {
    await page.goto(`${plane.console}${path}`);
    await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
    await expect(page.getByRole('table')).toHaveCount(0);
  }
});

test('a wrong password is refused without saying which of the two is wrong', async ({
  page,
  plane,
  complaints,
}) => {
  await becomeOperator(page, plane);
  await page.context().clearCookies();
  complaints.expectStatus(401);
  complaints.expectStatus(403);
  const said: string[] = [];
  for (const name of [OPERATOR, 'nobody-of-that-name']) {
    await page.goto(`${plane.console}/login`);
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('Password', { exact: true }).fill(`${PASSWORD} no`);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page.getByText('do not belong together')).toBeVisible();
    said.push((await page.locator('main').innerText()).replaceAll(name, 'NAME'));
  }
  expect(said[1]).toBe(said[0]);
});

test('a write moves the positions on the page after a reload', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  const before = await put(plane, 'a', 'one');
  await page.reload();
  await expect(nodeRow(page, 'n1')).toContainText(String(before));
  const after = await put(plane, 'a', 'two');
  expect(after).toBe(before + 1);
  await page.reload();
  for (const node of ['n1', 'n2', 'n3']) {
    await expect(nodeRow(page, node)).toContainText(String(after));
  }
});

test('signing out ends the session on the server', async ({ page, plane, complaints }) => {
  await becomeOperator(page, plane);
  const cookies = await page.context().cookies();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.context().addCookies(cookies);
  complaints.expectStatus(401);
  await page.goto(`${plane.console}/log`);
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await signIn(page, plane, OPERATOR);
});
