// What the browser's half adds: keys that never act, and the time of where the reader is.
import { labels } from '../fixtures/labels.ts';
import { becomeOperator, put } from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

test('one key shows the keys, another moves to the search, and none acts while one types', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  await page.goto(`${plane.console}/actions/new?kind=switchover&to=n2`);
  const keys = page.getByRole('dialog', { name: 'Keys' });
  // The browser's half is there when times have their local ones.
  await expect(page.locator('time[data-local]').first()).toBeVisible();
  await labels.reason(page).fill('');
  await labels.reason(page).press('?');
  await labels.reason(page).press('/');
  await expect(labels.reason(page)).toHaveValue('?/');
  await expect(keys).toBeHidden();
  await page.locator('main').focus();
  await page.keyboard.press('?');
  await expect(keys).toBeVisible();
  await expect(keys.getByRole('button', { name: 'Close' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(keys).toBeHidden();
  await expect(labels.reason(page)).toHaveValue('?/');

  // Nobody is taken away from a form that is being filled in.
  await page.locator('main').focus();
  await page.keyboard.press('/');
  await expect(labels.reason(page)).toHaveValue('?/');
  await expect(page).toHaveURL(/\/actions\/new\?kind=switchover/);

  await page.goto(`${plane.console}/`);
  await expect(page.locator('time[data-local]').first()).toBeVisible();
  await page.locator('main').focus();
  await page.keyboard.press('/');
  await expect(page).toHaveURL(/\/log#filter-text$/);
  await expect(page.locator('time[data-local]').first()).toBeVisible();
  await page.locator('main').focus();
  await page.keyboard.press('/');
  await expect(page.getByLabel(/^Text \(/)).toBeFocused();
});

test('keys that were turned off do nothing', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  await page.goto(`${plane.console}/help`);
  await page.getByRole('button', { name: 'off', exact: true }).click();
  await page.goto(`${plane.console}/log`);
  await expect(page.locator('time[data-local]').first()).toBeVisible();
  await page.locator('main').focus();
  await page.keyboard.press('?');
  await page.keyboard.press('/');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeHidden();
  await expect(page.getByLabel(/^Text \(/)).not.toBeFocused();
});

test.describe('somewhere else', () => {
  test.use({ timezoneId: 'Asia/Kathmandu' });

  test('beside each time stands the local one with its age', async ({ page, plane }) => {
    await becomeOperator(page, plane);
    const made = page.locator('.observation time');
    await expect(made).toHaveAttribute('data-local', /^\d\d:\d\d:\d\d here, \d+ s old$/);
    const utc = new Date((await made.getAttribute('datetime')) ?? '');
    const local = (await made.getAttribute('data-local'))?.slice(0, 8);
    const wanted = new Date(utc.getTime() + (5 * 60 + 45) * 60_000).toISOString().slice(11, 19);
    expect(local).toBe(wanted);
    // What a live part draws anew has it too.
    const before = await made.getAttribute('datetime');
    await put(plane, 'a', 'one');
    await expect(made).not.toHaveAttribute('datetime', before ?? '');
    await expect(made).toHaveAttribute('data-local', /here/);
  });
});

test('positions are drawn over the observations that this session saw, live ones included', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  const trace = page.locator('figure.trace svg');
  await expect(page.getByText(/^1 observation shown to this session/)).toBeVisible();
  const last = await put(plane, 'a', 'one');
  await expect(page.locator('.live[data-state="live"]')).toBeVisible();
  await expect(page.getByRole('cell', { name: String(last), exact: true }).first()).toBeVisible();
  await page.reload();
  await expect(trace).toHaveAttribute('aria-label', new RegExp(`n1: from entry \\d+ to entry ${last}`));
});
