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

test('what a reader had done to the overview stands after the server drew it again', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  const first = await put(plane, 'a', 'one');
  await expect(nodeCell(page, 'n1', first)).toBeVisible();
  await page.setViewportSize({ width: 600, height: 400 });
  const table = page.getByRole('group', { name: 'Nodes' });
  const link = table.getByRole('link', { name: 'n2', exact: true });
  await link.focus();
  const before = await page.evaluate(() => {
    const wide = document.querySelector('[role="group"][aria-label="Nodes"]');
    if (!wide) throw new Error('there is a table of nodes');
    wide.scrollLeft = 40;
    const heading = [...document.querySelectorAll('#now h2')].find((h2) => h2.textContent === 'Unavailable actions');
    const text = heading?.firstChild;
    if (!text) throw new Error('there is a heading');
    window.getSelection()?.setBaseAndExtent(text, 0, text, 3);
    window.scrollTo(0, 300);
    document.getElementById('now')?.setAttribute('data-old', '');
    return [wide.scrollLeft, window.scrollY, String(window.getSelection())];
  });
  const last = await put(plane, 'a', 'two');
  await expect(nodeCell(page, 'n1', last)).toHaveCount(1);
  await expect(page.locator('#now[data-old]'), 'it is another element').toHaveCount(0);
  await expect(link).toBeFocused();
  const after = await page.evaluate(() => {
    const wide = document.querySelector('[role="group"][aria-label="Nodes"]');
    return [wide?.scrollLeft, window.scrollY, String(window.getSelection())];
  });
  expect(after).toEqual(before);
  expect(before[2]).toBe('Una');
});

test('a link that is being pressed is not replaced before it is followed', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  const first = await put(plane, 'a', 'one');
  await expect(nodeCell(page, 'n1', first)).toBeVisible();
  await page.getByRole('group', { name: 'Nodes' }).getByRole('link', { name: 'n2', exact: true }).hover();
  await page.mouse.down();
  const heard = page.waitForResponse((response) => response.url().endsWith('/parts/overview'));
  const last = await put(plane, 'a', 'two');
  await (await heard).finished();
  await expect(nodeCell(page, 'n1', first)).toBeVisible();
  await page.mouse.up();
  await expect(page).toHaveURL(/\/nodes\/n2$/);
  await page.goBack();
  await expect(nodeCell(page, 'n1', last)).toBeVisible();
});

test('a script in a part never runs, and the policy of a page is as strict as before', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  await expect(page.locator('.live[data-state="live"]')).toBeVisible();
  const part = await page.request.get(new URL('/parts/overview', page.url()).href);
  expect(await part.text()).not.toContain('<script');
  expect(part.headers()['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self' 'nonce-/);
  // As the browser puts a part in place: parsed as a document of its own, and moved into the page.
  await page.evaluate(() => {
    const html = '<div id="now"><script>document.title = "ran"</script></div>';
    const other = new DOMParser().parseFromString(html, 'text/html').getElementById('now');
    if (other) document.getElementById('now')?.replaceWith(other);
  });
  await expect(page.locator('#now script')).toHaveCount(1);
  await expect(page).not.toHaveTitle('ran');
});

test('an explanation that somebody else withdraws says so, and its forms stay as they are', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  await ask(page, plane, 'kind=switchover&to=n2', 'to be taken back');
  const id = new URL(page.url()).pathname.split('/').pop() ?? '';
  const forms = page.locator('.decision .forms');
  const before = await forms.innerHTML();
  const confirm = page.getByRole('button', { name: /^Confirm/ });
  await expect(confirm).toBeEnabled();
  const place = await forms.boundingBox();
  plane.run(['withdraw', id, '--reason', 'taken back elsewhere']);
  await expect(page.getByText('no longer waits for a confirmation')).toBeVisible();
  // Only what would be refused cannot be pressed any more.
  await expect(confirm).toBeDisabled();
  expect((await forms.innerHTML()).replace(' disabled=""', '')).toBe(before);
  expect(await forms.boundingBox()).toEqual(place);
});

test('an open overview asks for nothing but reads', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  const methods = new Set<string>();
  page.on('request', (request) => methods.add(request.method()));
  const last = await put(plane, 'a', 'one');
  await expect(nodeCell(page, 'n1', last)).toBeVisible();
  expect([...methods].filter((method) => method !== 'GET')).toEqual([]);
});
