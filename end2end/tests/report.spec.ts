// What was shown and decided, rebuilt from the log alone.
import {
  type ActionJson,
  ask,
  becomeOperator,
  confirm,
  expectStage,
  OPERATOR,
  PASSWORD,
} from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

const PARTS = ['Request', 'Explanation', 'Decision', 'Outcome', 'Records', 'Appendix: hashes', 'Kept bytes'];

/** How many pages a document has: each is an object of its own that is not packed. */
const sheets = (pdf: Buffer) => pdf.toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g)?.length ?? 0;

test('the report of an action holds the digest that was confirmed and the name that was typed', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  const id = await ask(page, plane, 'kind=switchover&to=n2', 'planned');
  await confirm(page, 'switchover to n2', 'n2');
  await expectStage(page, 'executed');
  await page.getByRole('link', { name: 'Report from the log alone' }).click();
  for (const name of PARTS) {
    await expect(page.getByRole('heading', { name, exact: true })).toHaveCount(1);
  }
  const { digest } = plane.json<ActionJson>(['show', id]);
  await expect(page.locator('main')).toContainText(digest);
  await expect(page.locator('main')).toContainText('typed n2');
  await expect(page.locator('main')).toContainText('Executed once, as explained');

  // On paper it is two pages at most, and the hashes are on them.
  const pdf = await page.pdf({ preferCSSPageSize: true });
  expect(sheets(pdf)).toBeGreaterThan(0);
  expect(sheets(pdf)).toBeLessThanOrEqual(2);
  await page.emulateMedia({ media: 'print' });
  await expect(page.getByRole('table', { name: 'Hashes of the records, oldest first' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Kept bytes' })).toBeHidden();
  await page.emulateMedia({ media: 'screen' });

  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Markdown' }).click();
  const stream = await (await download).createReadStream();
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  const printed = plane.run(['report', id, '--data', plane.dataDir()]).stdout;
  expect(Buffer.concat(parts).toString('utf8')).toBe(printed);
});

test('the report of a window names what it cannot read, and lists each action', async ({
  page,
  plane,
  complaints,
}) => {
  await becomeOperator(page, plane);
  await ask(page, plane, 'kind=switchover&to=n2', 'planned');
  await page.goto(`${plane.console}/`);
  await page.getByRole('link', { name: 'Report', exact: true }).click();
  complaints.expectStatus(400);
  await page.getByLabel('From', { exact: true }).fill('yesterday');
  await page.getByLabel('To', { exact: true }).fill('2100-01-01T00:00:00Z');
  await page.getByRole('button', { name: 'Show the report' }).click();
  await expect(page.locator('main')).toContainText('an RFC 3339 instant');
  await expect(page.getByLabel('From', { exact: true })).toHaveValue('yesterday');
  await page.getByLabel('From', { exact: true }).fill('2000-01-01T00:00:00Z');
  await page.getByRole('button', { name: 'Show the report' }).click();
  const records = page.getByRole('table', { name: 'Records of the window, oldest first' });
  await expect(records.getByRole('rowheader', { name: '0', exact: true })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'switchover to n2' })).toBeVisible();
});
