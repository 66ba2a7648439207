// What the page does by itself when WebAssembly runs: it shows, and changes nothing.
import { nodeCell } from '../fixtures/labels.ts';
import { ask, becomeOperator, put, OPERATOR, PASSWORD } from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

test('a write moves the positions on the page without a reload', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  const first = await put(plane, 'a', 'one');
  await expect(nodeCell(page, 'n1', first)).toBeVisible();
  let last = first;
  for (let count = 0; count < 20; count += 1) last = await put(plane, 'a', `value ${count}`);
  expect(last).toBe(first + 20);
  for (const node of ['n1', 'n2', 'n3']) {
    await expect(nodeCell(page, node, last)).toBeVisible();
  }
});

test('an open explanation does not change; a notice says that the cluster did', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  await ask(page, plane, 'kind=switchover&to=n2', 'to be outrun');
  const explained = page.getByRole('table').first();
  const before = await explained.innerText();
  plane.perform('take_offline', ['--node', 'n3']);
  await expect(page.getByText('changed after this explanation')).toBeVisible();
  expect(await explained.innerText()).toBe(before);
});

test('a freeze that somebody else declares is on an open overview without a reload', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  await expect(page.locator('[data-notice="freeze"]')).toHaveCount(0);
  plane.run(['freeze', '--reason', 'declared elsewhere']);
  await expect(page.locator('[data-notice="freeze"]')).toContainText('declared elsewhere');
});

test('an open overview asks for nothing but reads', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  const methods = new Set<string>();
  page.on('request', (request) => methods.add(request.method()));
  const last = await put(plane, 'a', 'one');
  await expect(nodeCell(page, 'n1', last)).toBeVisible();
  expect([...methods].filter((method) => method !== 'GET')).toEqual([]);
});
