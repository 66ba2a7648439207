// What a person would take elsewhere can be copied with one press, where there is a script to do it.
import { test } from '../fixtures/library.ts';
import { expect, type Page } from '../fixtures/test.ts';

const BUTTONS = ['Copy the id', 'Copy the command', 'Copy the digest', 'Copy the address'];

/** What is looked up stands folded. */
const unfold = (page: Page) => page.locator('details:has(.digest) > summary').first().click();

const clipboard = (page: Page): Promise<string> => page.evaluate(() => navigator.clipboard.readText());

test('without a script there is no button, and the text can be selected', async ({ page, library }) => {
  test.skip(test.info().project.name !== 'no-js', 'it has scripts');
  await page.goto(`/actions/${library.explained}`);
  await expect(page.getByRole('button', { name: /^Copy/ })).toHaveCount(0);
  await expect(page.locator('.digest code')).toHaveCSS('user-select', 'auto');
  for (let stops = 0; stops < 60; stops += 1) {
    await page.keyboard.press('Tab');
    await expect(page.locator('.copy button:focus')).toHaveCount(0);
  }
});

test.describe('with a script', () => {
  test.skip(() => test.info().project.name === 'no-js', 'it has no scripts');

  test('id, command, digest and address are copied by keyboard, told, and the focus stays', async ({
    page,
    library,
  }) => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(`/actions/${library.explained}`);
    await unfold(page);
    const { digest } = library.plane.json<{ digest: string }>(['show', library.explained]);
    const command = await page.locator('.copyable .command').innerText();
    const wanted: Record<string, string> = {
      'Copy the id': library.explained,
      'Copy the command': command.trim(),
      'Copy the digest': digest,
      'Copy the address': `${library.plane.console}/actions/${library.explained}`,
    };
    for (const name of BUTTONS) {
      const button = page.getByRole('button', { name, exact: true });
      await button.focus();
      const before = await button.boundingBox();
      await page.keyboard.press('Enter');
      const pressed = page.getByRole('button', { name: name.replace('Copy', 'Copied'), exact: true });
      await expect(pressed).toBeFocused();
      expect(await pressed.boundingBox(), 'nothing moves').toEqual(before);
      await expect(page.getByRole('status').filter({ hasText: 'Copied the' }).last()).toBeAttached();
      expect(await clipboard(page)).toBe(wanted[name]);
    }
  });

  test('the buttons have their place before they can be pressed', async ({ page, library }) => {
    let release = () => {};
    const held = new Promise<void>((done) => {
      release = done;
    });
    await page.route('**/pkg/*.wasm', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`/actions/${library.explained}`);
    await unfold(page);
    const sizes = () =>
      page.locator('.copyable').evaluateAll((all) =>
        all.map((one) => {
          const { width, height } = one.getBoundingClientRect();
          return [width, height];
        }),
      );
    const before = await sizes();
    expect(before).toHaveLength(BUTTONS.length);
    await expect(page.getByRole('button', { name: /^Copy/ })).toHaveCount(0);
    release();
    await expect(page.getByRole('button', { name: /^Copy/ })).toHaveCount(BUTTONS.length);
    expect(await sizes()).toEqual(before);
  });

  test('a browser that refuses is told, and never as copied', async ({ page, library }) => {
    await page.addInitScript(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error('refused'));
    });
    await page.goto(`/log/1`);
    const button = page.getByRole('button', { name: 'Copy the hash' });
    await button.click();
    await expect(page.getByRole('button', { name: 'Failed the hash' })).toBeFocused();
    await expect(page.getByRole('status').filter({ hasText: 'did not copy the hash' })).toBeAttached();
    expect(library.executed).not.toBe('');
  });
});
