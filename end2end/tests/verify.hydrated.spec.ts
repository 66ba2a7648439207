// The browser verifies what it is shown, and remembers what it saw.
import { becomeOperator, OPERATOR, PASSWORD } from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

const VERIFY = 'Verify in this browser';

test('a page of the log is recomputed, and the next look is bound to it', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  await page.goto(`${plane.console}/log`);
  await page.getByRole('button', { name: VERIFY }).click();
  await expect(page.getByText('this browser had seen no head')).toBeVisible();

  plane.login(OPERATOR, PASSWORD);
  await page.reload();
  await page.getByRole('button', { name: VERIFY }).click();
  await expect(page.getByText('the log still begins with the')).toBeVisible();
});

test('a log that is shorter than what was seen, or another one, is not verified', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  await page.goto(`${plane.console}/log`);
  await page.getByRole('button', { name: VERIFY }).click();
  await expect(page.getByText('This head is remembered.')).toBeVisible();
  for (const [field, value, words] of [
    ['size', 1_000_000, 'and had 1000000'],
    ['size', 1, 'does not begin with the 1 records'],
    ['key', 'another', 'was signed with another'],
  ] as const) {
    const kept = await page.evaluate(
      ([name, other]) => {
        const before = localStorage.getItem('aerodb-log-head') ?? '';
        const head = JSON.parse(before) as Record<string, unknown>;
        head[name] = other;
        localStorage.setItem('aerodb-log-head', JSON.stringify(head));
        return before;
      },
      [field, value] as const,
    );
    await page.getByRole('button', { name: VERIFY }).click();
    await expect(page.getByText('NOT VERIFIED')).toContainText(words);
    await page.evaluate((before) => localStorage.setItem('aerodb-log-head', before), kept);
  }
  await page.getByRole('button', { name: 'Forget the head' }).click();
  await page.getByRole('button', { name: VERIFY }).click();
  await expect(page.getByText('this browser had seen no head')).toBeVisible();
});
