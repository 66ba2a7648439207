// A filter of the log as files and on paper, whatever page of it is shown.
import { readFileSync } from 'node:fs';
import { test } from '../fixtures/library.ts';
import { expect } from '../fixtures/test.ts';

test('what a filter leaves is downloaded whole, in each form, and its name says of what', async ({ page }) => {
  await page.goto('/log?kind=executed&limit=1');
  for (const [name, ending, last] of [
    ['CSV', 'csv', /^complete,"?\d+ rows, which is everything"?,end2end aerodb,/],
    ['JSON', 'json', /^\],"end":\{"complete":\{"rows":\d+\}\}\}$/],
    ['Markdown', 'md', /^complete: \d+ rows, which is everything; end2end aerodb; /],
  ] as const) {
    const started = page.waitForEvent('download');
    await page.locator('main').getByRole('link', { name, exact: true }).click();
    const download = await started;
    expect(download.suggestedFilename()).toBe(`end2end-aerodb-log-filtered.${ending}`);
    const lines = readFileSync(await download.path(), 'utf8').trimEnd().split(/\r?\n/);
    expect(lines.at(-1)).toMatch(last);
  }
  await page.getByRole('link', { name: 'a page to print' }).click();
  await expect(page).toHaveURL(/\/log\/print\?kind=executed$/);
  await expect(page.locator('main')).toContainText('kind = executed');
  await expect(page.locator('p.end')).toContainText(/^complete: 2 rows, which is everything; end2end aerodb; /);
  await expect(page.locator('tbody tr')).toHaveCount(2);
});
