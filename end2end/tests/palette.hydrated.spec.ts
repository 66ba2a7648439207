// The palette: places by a few letters, with the keyboard alone. It opens forms and never acts.
import { becomeOperator } from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

test('a few letters and Enter lead to a form, and nothing was asked for', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  const size = () => plane.json<{ records: { seq: number }[] }>(['log', '--limit', '1']).records[0]?.seq;
  plane.login('ada', 'three standing stones, 1843');
  await expect(page.locator('time[data-local]').first()).toBeVisible();
  const before = size();
  const sent: string[] = [];
  page.on('request', (request) => sent.push(`${request.method()} ${new URL(request.url()).pathname}`));
  const skip = page.getByRole('link', { name: 'Log', exact: true });
  await skip.focus();
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Go to' });
  await expect(palette.getByLabel('Page, node or form')).toBeFocused();
  await expect(palette.getByRole('status')).toHaveText(/^\d+ places$/);

  // Escape gives the focus back to where it was, and the second time nothing is fetched.
  await page.keyboard.press('Escape');
  await expect(palette).toBeHidden();
  await expect(skip).toBeFocused();
  await page.keyboard.press('Control+k');
  await expect(palette.getByLabel('Page, node or form')).toBeFocused();
  expect(sent.filter((one) => one === 'GET /go')).toHaveLength(1);
  expect(sent.filter((one) => one === 'GET /palette.js')).toHaveLength(1);

  await page.keyboard.type('nothing is called so');
  await expect(palette.getByRole('status')).toHaveText('0 places');
  await page.keyboard.press('Enter');
  await expect(palette).toBeVisible();
  await page.keyboard.press('Control+a');
  await page.keyboard.type('node n2');
  await expect(palette.getByRole('status')).toHaveText('1 place');
  await page.keyboard.press('ArrowDown');
  await expect(palette.getByRole('link', { name: 'Node n2' })).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('switch');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/actions\/new\?kind=switchover$/);
  expect(sent.filter((one) => !one.startsWith('GET '))).toEqual([]);
  expect(size()).toBe(before);
});

test('a palette that was turned off does not open, and its list is still a page', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  await page.goto(`${plane.console}/help`);
  await page.getByRole('button', { name: 'off', exact: true }).click();
  await page.goto(`${plane.console}/log`);
  await expect(page.locator('time[data-local]').first()).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.locator('script[src="/palette.js"]')).toHaveCount(0);
  await page.goto(`${plane.console}/go?q=n3`);
  await expect(page.getByRole('link', { name: 'Node n3' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Node n2' })).toHaveCount(0);
});
