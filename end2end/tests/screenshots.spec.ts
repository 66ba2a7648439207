// Every page at four widths in both themes, to be looked at, one by one. They are written to
// test-results/screenshots when somebody asks: npx playwright test --project screenshots
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { addresses, test } from '../fixtures/library.ts';
import { ROOT } from '../fixtures/server.ts';
import { expect } from '../fixtures/test.ts';

const FOLDER = join(ROOT, 'end2end/test-results/screenshots');
const WIDTHS_PX = [320, 768, 1280, 1920];

test('every page is pictured at every width in both themes', async ({ page, library, complaints }) => {
  test.setTimeout(900_000);
  for (const status of [400, 401, 403, 404, 410]) complaints.expectStatus(status);
  mkdirSync(FOLDER, { recursive: true });
  const wanted = process.env.ONLY ?? '';
  for (const address of addresses(library).filter((one) => one.includes(wanted))) {
    await page.goto(address);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    if (/^\/(log|timeline)$/.test(address)) await page.locator('summary').first().click();
    const name = address.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{4}|[^a-z0-9]+/gi, '_');
    for (const width of WIDTHS_PX) {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height: 900 });
        // The whole reference is many screens long.
        const fullPage = address !== '/reference' && !address.startsWith('/report?');
        const path = join(FOLDER, `${name}-${width}-${colorScheme}.png`);
        await page.screenshot({ path, fullPage, animations: 'disabled' });
      }
    }
  }
});
