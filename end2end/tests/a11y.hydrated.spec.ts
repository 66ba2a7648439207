// Every page in both colour schemes, at two widths, against WCAG 2.2 AA and best practice.
import AxeBuilder from '@axe-core/playwright';
import { labels } from '../fixtures/labels.ts';
import { ask, becomeOperator, confirm, expectStage } from '../fixtures/steps.ts';
import { expect, type Page, test } from '../fixtures/test.ts';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const KINDS = [
  ...['switchover', 'failover', 'stop_writes'],
  ...['resume_writes', 'take_offline', 'bring_online'],
  ...['add_replica', 'grant_vote', 'remove_replica'],
  ...['take_checkpoint', 'purge_log', 'create_backup', 'verify_node'],
];
const NARROW_PX = 320;

async function audit(page: Page, url: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.goto(url);
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
    const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
    const found = violations.map(({ id, help, nodes }) => ({
      id,
      help,
      where: nodes.map((node) => node.target.join(' ')),
    }));
    // Soft: one run names what is wrong on every page.
    expect.soft(found, `${url} in ${colorScheme}`).toEqual([]);
  }
  const size = page.viewportSize();
  await page.setViewportSize({ width: NARROW_PX, height: 800 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect.soft(width, `${url} scrolls sideways at ${NARROW_PX} px`).toBeLessThanOrEqual(NARROW_PX);
  if (size) await page.setViewportSize(size);
}

test('every page passes in light and dark', async ({ page, plane, complaints }) => {
  test.setTimeout(600_000);
  for (const status of [400, 401, 404, 409, 410, 412]) complaints.expectStatus(status);
  await audit(page, plane.setupLink ?? '');
  await audit(page, `${plane.console}/login`);
  await becomeOperator(page, plane);

  const rejected = await ask(page, plane, 'kind=switchover&to=n1', 'to itself');
  const executed = await ask(page, plane, 'kind=switchover&to=n2', 'planned');
  await confirm(page, 'switchover to n2', 'n2');
  await expectStage(page, 'executed');
  const explained = await ask(page, plane, 'kind=take_offline&node=n3', 'planned');
  const link = page.getByRole('link', { name: /^The cluster as record/ }).first();
  const snapshot = (await link.getAttribute('href'))?.split('/').at(-1);
  for (const path of [
    '/',
    '/actions',
    '/actions/new',
    ...KINDS.map((kind) => `/actions/new?kind=${kind}`),
    ...[rejected, executed, explained].map((id) => `/actions/${id}`),
    ...['n1', 'n3'].map((node) => `/nodes/${node}`),
    '/nodes/n9',
    '/timeline',
    '/log',
    '/log/0',
    `/observations/${snapshot}`,
    `/actions/${executed}/report`,
    '/report',
    '/report?from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z',
    '/reference',
    '/reference/failures',
    ...['switchover', 'stop_writes'].map((kind) => `/reference/actions/${kind}`),
    '/help',
    '/nothing-is-here',
  ]) {
    await audit(page, plane.console + path);
  }
});

test('an action can be asked for and confirmed by keyboard alone', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  await page.goto(`${plane.console}/actions/new?kind=switchover&to=n2`);
  await labels.reason(page).focus();
  await page.keyboard.type('with the keyboard');
  await labels.explain(page).focus();
  await page.keyboard.press('Enter');
  await expectStage(page, 'explained');
  await labels.typed(page).focus();
  await page.keyboard.type('n2');
  await page.keyboard.press('Tab');
  await expect(labels.confirm(page, 'switchover to n2')).toBeFocused();
  await page.keyboard.press('Enter');
  await expectStage(page, 'executed');
});
