// Colours, help and paper: with scripts and without.
import { becomeOperator } from '../fixtures/steps.ts';
import { expect, type Page, test } from '../fixtures/test.ts';

const ground = (page: Page): Promise<string> =>
  page.locator('html').evaluate((root) => getComputedStyle(root).backgroundColor);

test('a theme is chosen on any page, stays where it was chosen, and is there before a script', async ({
  page,
  plane,
}) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await becomeOperator(page, plane);
  await page.goto(`${plane.console}/log?limit=3`);
  const light = await ground(page);
  await page.getByRole('button', { name: 'dark', exact: true }).click();
  await expect(page).toHaveURL(/\/log\?limit=3$/);
  const dark = await ground(page);
  expect(dark).not.toBe(light);
  await expect(page.getByRole('button', { name: 'dark', exact: true })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  const sent = await page.request.get(`${plane.console}/timeline`);
  expect(await sent.text()).toContain('<html lang="en" data-theme="dark">');
  await page.getByRole('button', { name: 'auto', exact: true }).click();
  expect(await ground(page)).toBe(light);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await ground(page)).toBe(dark);
});

test('the first stop of the keyboard skips to the content', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  await page.goto(`${plane.console}/timeline`);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('main')).toBeFocused();
});

test('an explanation that waits has its first focus on what there is to read', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  await page.goto(`${plane.console}/actions/new?kind=switchover&to=n2`);
  await page.getByLabel('Reason', { exact: true }).fill('planned');
  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(page.getByRole('link', { name: 'Go to decision' })).toBeFocused();
  await expect(page.locator('main')).toContainText('Runs this once, on end2end aerodb');
});

test('on paper closed parts are open and nothing is left that can be pressed', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  const table = page.getByRole('table', { name: /End of each log/ });
  await expect(table).toBeHidden();
  await page.emulateMedia({ media: 'print' });
  await expect(table).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Console' })).toBeHidden();
  await expect(page.getByRole('button', { name: 'dark', exact: true })).toBeHidden();
});

test('the reference has a page for each action and one for what can go wrong', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  await page.goto(`${plane.console}/reference`);
  await page.getByRole('link', { name: 'What can go wrong' }).click();
  const failures = page.getByRole('table', { name: 'Failure modes' });
  await expect(failures).toContainText('The target does not take over.');
  await failures.getByRole('link', { name: 'failover', exact: true }).click();
  await expect(page).toHaveURL(/\/reference\/actions\/failover$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Reference: failover');
});
