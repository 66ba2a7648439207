// A page never looks alive when it is not, and is true again without a reload when it is.
import { nodeCell } from '../fixtures/labels.ts';
import { Proxy } from '../fixtures/proxy.ts';
import { ask, becomeOperator, expectStage, kinds, OPERATOR, PASSWORD, put, signIn } from '../fixtures/steps.ts';
import { expect, type Page, test } from '../fixtures/test.ts';

/** Within so long a page says that it hears nothing any more. */
const LOST = { timeout: 15_000 };
/** Within so long it hears again: the browser tries again after silence. */
const FOUND = { timeout: 25_000 };

const banner = (page: Page) => page.locator('#connection');
const isLive = (page: Page) => expect(page.locator('html[data-connection="live"]')).toHaveCount(1, FOUND);
const dimmed = (page: Page) => page.locator('main').evaluate((main) => Number(getComputedStyle(main).opacity));

async function expectLost(page: Page): Promise<void> {
  await expect(banner(page)).toBeVisible(LOST);
  await expect(banner(page)).toContainText('Connection lost.');
  await expect(page).toHaveTitle(/^Connection lost · /);
  await expect(page.locator('#spoken')).toContainText('connection to the server is lost');
  expect(await dimmed(page)).toBeLessThan(0.6);
  // The ages go on.
  const heard = banner(page).locator('[data-heard]');
  // The first age stands with the first tick after the banner.
  await expect(heard).toHaveText(/^\d+ s$/);
  const before = await heard.innerText();
  await expect(heard).not.toHaveText(before);
}

async function expectFound(page: Page): Promise<void> {
  await isLive(page);
  await expect(banner(page)).toBeHidden();
  await expect(page).not.toHaveTitle(/Connection lost/);
  expect(await dimmed(page)).toBe(1);
}

/** What must survive: a page that was loaded again has lost it. */
const mark = (page: Page) => page.locator('main').evaluate((main) => main.setAttribute('data-mark', ''));
const isMarked = (page: Page) => expect(page.locator('main[data-mark]')).toHaveCount(1);

test('a server that was killed is said to be lost, and its page is true when it is back', async ({
  page,
  plane,
  complaints,
}) => {
  complaints.expectLostServer();
  await becomeOperator(page, plane);
  await isLive(page);
  await mark(page);
  await plane.kill();
  await expectLost(page);
  await plane.start();
  await expectFound(page);
  // The cluster has no primary after a start, and the page that stood open says so.
  await expect(page.locator('#status')).toContainText('nobody');
  await expect(page).toHaveTitle(/^Primary: nobody · Overview/);
  await expect(page.locator('#now')).toContainText('nobody');
  await isMarked(page);
});

test('a server that stands still is said to be lost, and nothing is sent to it', async ({ page, plane }) => {
  test.slow();
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  const id = await ask(page, plane, 'kind=take_offline&node=n3', 'before it stands still');
  await isLive(page);
  await mark(page);
  plane.freeze();
  await expectLost(page);
  const typed = page.getByLabel(/^Type/);
  if (await typed.count()) await typed.fill('n3');
  await page.getByRole('button', { name: /^Confirm: / }).click();
  plane.thaw();
  await expectFound(page);
  await isMarked(page);
  expect(kinds(plane, id), 'what was pressed meanwhile was not sent later').toEqual(['requested', 'explained']);
  await page.getByRole('button', { name: /^Confirm: / }).click();
  await expectStage(page, 'executed');
});

test('a connection that was cut without a word is said to be lost on every kind of page', async ({
  page,
  plane,
  complaints,
  context,
}) => {
  test.slow();
  complaints.expectLostServer();
  await becomeOperator(page, plane);
  const proxy = await Proxy.before(plane.console);
  try {
    await page.goto(`${proxy.console}/login`);
    if (new URL(page.url()).pathname === '/login') {
      await signIn(page, { console: proxy.console } as typeof plane, OPERATOR);
    }
    await page.goto(`${proxy.console}/`);
    const log = await context.newPage();
    await log.goto(`${proxy.console}/log`);
    for (const one of [page, log]) await isLive(one);
    await mark(page);
    proxy.cut();
    const written = await put(plane, 'a', 'while it was cut');
    for (const one of [page, log]) await expectLost(one);
    await expect(nodeCell(page, 'n1', written)).toHaveCount(0);
    proxy.mend();
    for (const one of [page, log]) await expectFound(one);
    await expect(nodeCell(page, 'n1', written)).toBeVisible();
    await isMarked(page);
  } finally {
    proxy.close();
  }
});

test('twenty pages of one browser are live at once, and an action is confirmed in the last', async ({
  page,
  plane,
  context,
}) => {
  // Twenty pages take their time to load, on two cores beside other work.
  test.setTimeout(300_000);
  await becomeOperator(page, plane);
  const pages = [page];
  for (let number = 1; number < 20; number += 1) {
    const next = await context.newPage();
    await next.goto(`${plane.console}/${number % 2 === 0 ? '' : 'timeline'}`);
    pages.push(next);
  }
  for (const one of pages) await isLive(one);
  const last = pages.at(-1);
  if (!last) throw new Error('twenty pages');
  await ask(last, plane, 'kind=switchover&to=n2', 'in the twentieth page');
  await last.getByLabel(/^Type/).fill('n2');
  await last.getByRole('button', { name: /^Confirm: / }).click();
  await expectStage(last, 'executed');
  for (const one of pages) await expect(one.locator('#status')).toContainText('n2');
  // Whoever held the stream for all of them goes away, and the next in line takes over.
  await page.close();
  plane.login(OPERATOR, PASSWORD);
  plane.run(['freeze', '--reason', 'declared elsewhere']);
  for (const one of pages.slice(1)) await expect(one.locator('#status')).toContainText('Frozen');
});
