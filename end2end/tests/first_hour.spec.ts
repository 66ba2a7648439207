// What a new operator meets first.
import { labels, nodeCell } from '../fixtures/labels.ts';
import { becomeOperator, put, signIn, OPERATOR, PASSWORD } from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

test('the set-up link makes the first operator, who sees three nodes and one primary', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  await expect(nodeCell(page, 'n1', 'primary')).toBeVisible();
  for (const node of ['n2', 'n3']) await expect(nodeCell(page, node, 'standby')).toBeVisible();
  await expect(page.getByRole('banner')).toContainText('end2end');
  await expect(page).toHaveTitle(/aerodb/);
  await expect(page).toHaveTitle(/end2end/);
});

test('the set-up link works once', async ({ page, plane, complaints }) => {
  const link = plane.setupLink ?? '';
  await becomeOperator(page, plane);
  await page.context().clearCookies();
  complaints.expectStatus(403);
  complaints.expectStatus(410);
  await page.goto(link);
  await labels.name(page).fill('eve');
  await labels.password(page).fill(PASSWORD);
  await labels.setUp(page).click();
  await expect(page.locator('main')).toContainText('setup_link_spent');
  complaints.expectStatus(401);
  await page.goto(`${plane.console}/log`);
  await expect(labels.signIn(page)).toBeVisible();
  expect(plane.run(['login', 'eve'], `${PASSWORD}\n`).code).toBe(8);
});

test('without a session every page leads to the sign-in page', async ({
  page,
  plane,
  complaints,
}) => {
  complaints.expectStatus(401);
  for (const path of ['/', '/actions', '/actions/new', '/log']) {
    await page.goto(`${plane.console}${path}`);
    await expect(labels.signIn(page)).toBeVisible();
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
    await labels.name(page).fill(name);
    await labels.password(page).fill(`${PASSWORD} no`);
    await labels.signIn(page).click();
    await expect(page.getByText('Wrong name or password').first()).toBeVisible();
    said.push((await page.locator('main').innerText()).replaceAll(name, 'NAME'));
  }
  expect(said[1]).toBe(said[0]);
});

test('a write moves the positions on the page after a reload', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  const before = await put(plane, 'a', 'one');
  await page.reload();
  await expect(nodeCell(page, 'n1', before)).toBeVisible();
  const after = await put(plane, 'a', 'two');
  expect(after).toBe(before + 1);
  await page.reload();
  for (const node of ['n1', 'n2', 'n3']) {
    await expect(nodeCell(page, node, after)).toBeVisible();
  }
});

test('signing out ends the session on the server', async ({ page, plane, complaints }) => {
  await becomeOperator(page, plane);
  const cookies = await page.context().cookies();
  await labels.signOut(page).click();
  await page.context().addCookies(cookies);
  complaints.expectStatus(401);
  await page.goto(`${plane.console}/log`);
  await expect(labels.signIn(page)).toBeVisible();
  await signIn(page, plane, OPERATOR);
});
