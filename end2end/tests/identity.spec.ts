// Signing in through a provider, in a browser: the way there, the way back, and what is not believed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labels } from '../fixtures/labels.ts';
import { CLIENT, Provider, SECRET } from '../fixtures/provider.ts';
import { ControlPlane } from '../fixtures/server.ts';
import { ask, becomeOperator, confirm, expectStage } from '../fixtures/steps.ts';
import { expect, type Page, test } from '../fixtures/test.ts';

const CLAIMS = { sub: '24400320', preferred_username: 'katherine', groups: ['database-operators'] };

/** The settings of the project, with a provider that gives one role. */
function vouched(provider: Provider): (text: string, folder: string) => string {
  return (text, folder) => {
    writeFileSync(join(folder, 'openid-secret'), `${SECRET}\n`, { mode: 0o600 });
    const set = (settings: string, key: string, value: string) =>
      settings.replace(new RegExp(`^${key} = .*$`, 'm'), `${key} = ${value}`);
    const values: [string, string][] = [
      ['openid-issuer', `"${provider.issuer}"`],
      ['openid-name', '"Example Works"'],
      ['openid-client-id', `"${CLIENT}"`],
      ['openid-client-secret-file', '"openid-secret"'],
      ['openid-roles', '[{ claim = "groups", value = "database-operators", role = "operator" }]'],
    ];
    return values.reduce((settings, [key, value]) => set(settings, key, value), text);
  };
}

const provided = test.extend<{ provider: Provider }>({
  provider: async ({}, use) => {
    const provider = new Provider(CLAIMS);
    await provider.start();
    await use(provider);
    await provider.stop();
  },
  plane: async ({ provider }, use) => {
    const plane = new ControlPlane(vouched(provider));
    try {
      await plane.start();
      await use(plane);
    } finally {
      await plane.remove();
    }
  },
});

/** Somebody who is signed in nowhere goes to the provider, and is sent back. */
async function goThere(page: Page, plane: ControlPlane): Promise<void> {
  await becomeOperator(page, plane);
  await page.goto('about:blank');
  await page.context().clearCookies();
  await page.goto(`${plane.console}/login`);
  await page.getByRole('button', { name: 'Sign in with Example Works' }).click();
}

provided('a person signs in through a provider and what it says is believed in that browser alone', async ({
  page,
  plane,
  browser,
  complaints,
}) => {
  await goThere(page, plane);
  const finish = page.getByRole('button', { name: 'Finish signing in' });
  await expect(finish).toBeVisible();

  // The address of the way back, sent to somebody else: nobody is signed in there.
  const { javaScriptEnabled } = test.info().project.use;
  const other = await (await browser.newContext({ javaScriptEnabled })).newPage();
  await other.goto(page.url());
  await other.getByRole('button', { name: 'Finish signing in' }).click();
  await expect(other.getByRole('alert')).toContainText('sign_in_spent');
  await other.context().close();

  await finish.click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');
  await expect(page.getByRole('banner')).toContainText('katherine');
  await expect(page.getByRole('banner')).toContainText('operator');
  await page.goto(`${plane.console}/log?kind=signed_in`);
  await expect(page.locator('main')).toContainText('katherine');

  // The way back a second time.
  complaints.expectStatus(410);
  await page.goBack();
  await page.goBack();
  await finish.click();
  await expect(page.getByRole('alert')).toContainText('sign_in_spent');
});

provided('an operator of a provider proves who they are there, and comes back to what was explained', async ({
  page,
  plane,
  provider,
}) => {
  // Somebody signed in there an hour ago, and left the browser open.
  provider.since -= 3600;
  await goThere(page, plane);
  await page.getByRole('button', { name: 'Finish signing in' }).click();
  await expect(page.getByRole('banner')).toContainText('katherine');

  await ask(page, plane, 'kind=switchover&to=n2', 'planned work');
  await expectStage(page, 'explained');
  const explained = page.url();
  const digest = (await page.locator('.digest code').textContent()) ?? '';
  await expect(page.getByRole('heading', { name: 'Re-authenticate' })).toBeVisible();
  await expect(labels.typed(page)).toHaveCount(0);
  await page.getByRole('button', { name: 'Go to Example Works' }).click();
  await page.getByRole('button', { name: 'Finish signing in' }).click();

  await expect(page).toHaveURL(explained);
  await expect(page.locator('.digest code')).toHaveText(digest);
  await confirm(page, 'switchover to n2', 'n2');
  await expectStage(page, 'executed');
});
