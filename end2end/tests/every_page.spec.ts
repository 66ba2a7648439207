// Every page that there is, from the table of routes, with scripts and without: its headers, WCAG 2.2 AA
// and best practice in both colour schemes, and that it fits a narrow screen.
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Response } from '@playwright/test';
import { addresses, AUDITED, test } from '../fixtures/library.ts';
import { Complaints, expect, type Page } from '../fixtures/test.ts';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const WIDTHS_PX = [320, 768, 1280];
const REFUSED = [400, 401, 403, 404, 410];

/** Whose eyes the pages are seen with, and where. */
type Who = Pick<BrowserContextOptions, 'storageState' | 'baseURL'>;

/** What every document is sent with. */
const HEADERS: Record<string, RegExp> = {
  'cache-control': /^no-store$/,
  'cross-origin-opener-policy': /^same-origin$/,
  'cross-origin-resource-policy': /^same-origin$/,
  'permissions-policy': /camera=\(\)/,
  'referrer-policy': /^(same-origin|no-referrer)$/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
};
const POLICY = ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"];

function expectHeaders(response: Response | null, address: string): void {
  const sent = response?.headers() ?? {};
  for (const [name, wanted] of Object.entries(HEADERS)) {
    expect.soft(sent[name], `${address}: ${name}`).toMatch(wanted);
  }
  const policy = (sent['content-security-policy'] ?? '').split(';').map((part) => part.trim());
  for (const wanted of POLICY) expect.soft(policy, address).toContain(wanted);
  const loose = policy.filter((part) => /'unsafe-(inline|eval)'|\*/.test(part));
  expect.soft(loose, `${address}: what the policy leaves open`).toEqual([]);
}

async function expectAccessible(page: Page, address: string): Promise<void> {
  // Without scripts the colours are the same: one project looks at both themes.
  const isHydrated = test.info().project.name === 'hydrated';
  for (const colorScheme of isHydrated ? (['light', 'dark'] as const) : (['light'] as const)) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const axe = new AxeBuilder({ page });
    // The page is the same in both themes but for its colours.
    const wanted = colorScheme === 'light' ? axe.withTags(RULES) : axe.withRules(['color-contrast']);
    const { violations } = await wanted.analyze();
    const found = violations.map(({ id, help, nodes }) => ({
      id,
      help,
      where: nodes.map((node) => node.target.join(' ')),
    }));
    // Soft: one run names what is wrong on every page.
    expect.soft(found, `${address} in ${colorScheme}`).toEqual([]);
  }
}

async function expectFit(page: Page, address: string): Promise<void> {
  for (const width of WIDTHS_PX) {
    await page.setViewportSize({ width, height: 800 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect.soft(wide, `${address} scrolls sideways at ${width} px`).toBeLessThanOrEqual(width);
  }
}

/** Where the rules are tried. They are a script themselves: without scripts they run on the same
 *  document as it arrives, whose own script does nothing. */
async function judged(page: Page, browser: Browser, who: Who): Promise<Page> {
  if (test.info().project.name === 'hydrated') return page;
  const still = await (await browser.newContext({ ...who, javaScriptEnabled: true })).newPage();
  const nothing = 'export default async () => {}; export const hydrate = () => {};';
  const fulfilled = { contentType: 'text/javascript', body: nothing };
  await still.route('**/pkg/*.js', (route) => route.fulfill(fulfilled));
  return still;
}

/** Goes through pages as somebody, and holds each against everything above. */
async function expectGood(page: Page, browser: Browser, who: Who, pages: string[]): Promise<void> {
  const still = await judged(page, browser, who);
  for (const address of pages) {
    expectHeaders(await page.goto(address), address);
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
    await expect(page.getByRole('banner')).toContainText('aerodb');
    await expect(page.getByRole('banner')).toContainText('end2end');
    if (still !== page) await still.goto(address);
    await expectAccessible(still, address);
    await expectFit(page, address);
  }
  if (still !== page) await still.context().close();
}

test('every page is sent with its headers, passes in light and dark, and fits', async ({
  page,
  browser,
  library,
  complaints,
}) => {
  test.setTimeout(600_000);
  for (const status of REFUSED) complaints.expectStatus(status);
  const who = { storageState: library.session, baseURL: library.plane.console };
  await expectGood(page, browser, who, addresses(library));
});

test('so does every page that an auditor sees otherwise', async ({ browser, library }) => {
  test.setTimeout(200_000);
  const who = { storageState: library.auditor, baseURL: library.plane.console };
  const { javaScriptEnabled } = test.info().project.use;
  const context = await browser.newContext({ ...who, javaScriptEnabled });
  const page = await context.newPage();
  const complaints = await Complaints.of(page);
  await expectGood(page, browser, who, AUDITED);
  complaints.expectNone();
  await context.close();
});

test('what is not signed in sees the same headers, and no script', async ({ browser, library }) => {
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  const page = await context.newPage();
  for (const path of ['/login', '/help', '/log', '/setup/spent']) {
    expectHeaders(await page.goto(library.plane.console + path), path);
    await expect(page.locator('script')).toHaveCount(0);
  }
  await context.close();
});
