// A whole switchover without a pointer: only keys, from the sign-in page to the outcome.
import type { Locator } from '@playwright/test';
import { labels, nodeCell } from '../fixtures/labels.ts';
import { becomeOperator, expectStage, OPERATOR, PASSWORD } from '../fixtures/steps.ts';
import { expect, type Page, test } from '../fixtures/test.ts';

/** More than there are stops on any page of the way. */
const STOPS_MAX = 150;

/** Presses Tab until the focus is where it has to be, and sees that it is shown. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toHaveCount(1);
  const isThere = () => target.evaluate((element) => element === document.activeElement);
  for (let stops = 0; !(await isThere()); stops += 1) {
    expect(stops, `Tab leads to ${target}`).toBeLessThan(STOPS_MAX);
    await page.keyboard.press('Tab');
  }
  const outline = await target.evaluate((element) => getComputedStyle(element).outlineStyle);
  expect(outline, `the focus on ${target} is seen`).not.toBe('none');
}

async function typeInto(page: Page, field: Locator, text: string): Promise<void> {
  await tabTo(page, field);
  await page.keyboard.type(text);
}

async function press(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press('Enter');
}

test('a switchover goes from sign-in to outcome with the keyboard alone', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  // The page listens: without its cookie it would be refused.
  await page.goto('about:blank');
  await page.context().clearCookies();
  await page.goto(`${plane.console}/login`);
  await typeInto(page, labels.name(page), OPERATOR);
  await typeInto(page, labels.password(page), PASSWORD);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');

  const link = (name: string) => page.getByRole('link', { name, exact: true });
  await press(page, page.getByRole('navigation', { name: 'Console' }).getByText('Actions'));
  await press(page, link('Request an action').first());
  const switchover = page.getByRole('listitem').filter({ has: page.getByText('Switchover') });
  await press(page, switchover.getByRole('link').first());
  await expect(page).toHaveURL(/kind=switchover/);
  // Nothing is chosen in advance: Tab stops at the first target, and the arrow keys choose.
  const [n2, n3] = ['n2', 'n3'].map((node) => page.getByRole('radio', { name: new RegExp(`^${node}`) }));
  if (!n2 || !n3) throw new Error('two targets');
  await expect(n2).not.toBeChecked();
  await tabTo(page, page.getByRole('radio').first());
  for (let moves = 0; !(await n2.isChecked()); moves += 1) {
    expect(moves).toBeLessThan(4);
    await page.keyboard.press(moves === 0 ? 'Space' : 'ArrowDown');
  }
  await typeInto(page, labels.reason(page), 'with the keyboard alone');
  await press(page, labels.explain(page));

  await expectStage(page, 'explained');
  await expect(page.getByRole('link', { name: 'Go to decision' })).toBeFocused();
  await typeInto(page, labels.typed(page), 'n2');
  await press(page, labels.confirm(page, 'switchover to n2'));
  await expectStage(page, 'executed');

  await press(page, page.getByRole('navigation', { name: 'Console' }).getByText('Overview'));
  await expect(nodeCell(page, 'n2', 'primary')).toBeVisible();
});
