// Log and timeline are narrowed down by a form: one page like another without scripts, in place with.
import { test } from '../fixtures/library.ts';
import { expect, type Page } from '../fixtures/test.ts';

const isHydrated = () => test.info().project.name === 'hydrated';

/** Leaves a mark that a reload takes away. */
const mark = (page: Page) =>
  page.locator('main').evaluate((main) => main.setAttribute('data-mark', 'here'));
const marked = (page: Page) => page.locator('main[data-mark="here"]');

/** Opens the form; with scripts, when the page is alive. */
async function open(page: Page, address: string, summary: string): Promise<void> {
  await page.goto(address);
  if (isHydrated()) await expect(page.locator('time[data-local]').first()).toBeVisible();
  await page.getByText(summary).click();
}

test('the log is narrowed down, its address says so, and back leads back', async ({ page, library }) => {
  await open(page, '/log', 'Filter the log');
  await mark(page);
  await page.getByLabel('Kind of record').selectOption('executed');
  await page.getByRole('button', { name: 'Show these records' }).click();
  await expect(page).toHaveURL(/\/log\?(.*&)?kind=executed/);
  const rows = page.getByRole('table', { name: 'Records, newest first' }).getByRole('row');
  await expect(rows).toHaveCount(3);
  await expect(marked(page)).toHaveCount(isHydrated() ? 1 : 0);
  if (isHydrated()) {
    await expect(page).toHaveURL(/\/log\?kind=executed$/);
    await expect(page.getByRole('status').filter({ hasText: '2 records shown.' })).toBeAttached();
    await expect(page.locator('#found time[data-local]').first()).toBeAttached();
    // What came with the new part is alive, too.
    await page.getByRole('button', { name: 'Verify in this browser' }).click();
    await expect(page.getByText(/^Recomputed here/)).toContainText('2 records of this page');
  }
  await page.goBack();
  await expect(page).toHaveURL(/\/log$/);
  await expect(rows).not.toHaveCount(3);
  expect(library.executed).not.toBe('');
});

test('the timeline is narrowed down to refusals, observations, actions and the kernel', async ({
  page,
  library,
}) => {
  const shown = page.locator('#found');
  for (const [kind, there, gone] of [
    ['refusals', 'rejected', 'epoch_began'],
    ['observations', 'the cluster as this record saw it', 'epoch_began'],
    ['actions', 'dispatched', 'signed_in'],
    ['kernel_events', 'epoch_began', 'dispatched'],
  ] as const) {
    await open(page, '/timeline', 'Filter the timeline');
    await mark(page);
    await page.getByLabel('Kind', { exact: true }).selectOption(kind);
    await page.getByRole('button', { name: 'Show this' }).click();
    await expect(page).toHaveURL(new RegExp(`kind=${kind}`));
    await expect(shown).toContainText(there);
    await expect(shown).not.toContainText(gone);
    await expect(marked(page)).toHaveCount(isHydrated() ? 1 : 0);
    await expect(page.getByLabel('Kind', { exact: true })).toHaveValue(kind);
  }
  await open(page, '/timeline', 'Filter the timeline');
  await page.getByLabel('Action id').fill(library.executed);
  await page.getByRole('button', { name: 'Show this' }).click();
  await expect(shown.getByText('requested', { exact: true })).toHaveCount(1);
  await expect(shown.getByText('epoch_began', { exact: true })).toHaveCount(1);
});

test('what no record can have is refused beside the form, which keeps it', async ({ page, complaints }) => {
  complaints.expectStatus(400);
  await open(page, '/timeline', 'Filter the timeline');
  await page.getByLabel('Action id').fill('yesterday');
  await page.getByRole('button', { name: 'Show this' }).click();
  await expect(page).toHaveURL(/action=yesterday/);
  await expect(page.locator('main')).toContainText('Refused: Invalid input.');
  await expect(page.getByLabel('Action id')).toHaveValue('yesterday');
});

test('the actions are narrowed down, and a window by a word becomes an address with two times', async ({
  page,
  library,
}) => {
  await open(page, '/actions', 'Filter the actions');
  await page.getByLabel('Kind of action').selectOption('switchover');
  await page.getByRole('button', { name: 'Show these actions' }).click();
  await expect(page).toHaveURL(/\/actions\?(.*&)?action_kind=switchover/);
  await expect(page.locator('#found')).toContainText('end to end test');
  await page.goto('/log');
  await page.getByRole('link', { name: 'last hour' }).click();
  await expect(page).toHaveURL(/\/log\?since=20[^&]*&until=20/);
  await expect(page.locator('#found tbody tr').first()).toBeVisible();
  expect(library.executed).not.toBe('');
});
