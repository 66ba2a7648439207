// What disrupts is confirmed by who proves who they are, on the spot and with nothing lost; and by two
// operators where the settings say so.
import { labels } from '../fixtures/labels.ts';
import { ControlPlane } from '../fixtures/server.ts';
import { ask, becomeOperator, confirm, expectStage, kinds, OPERATOR, PASSWORD, signIn } from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

const SECOND = 'hedy';

/** A control plane with one other setting. */
function planeWith(key: string, value: string) {
  return test.extend<{ plane: ControlPlane }>({
    plane: async ({}, use) => {
      const plane = new ControlPlane((text) => text.replace(new RegExp(`^${key} = .*$`, 'm'), `${key} = ${value}`));
      try {
        await plane.start();
        await use(plane);
      } finally {
        await plane.remove();
      }
    },
  });
}

planeWith('reauth-minutes', '0')(
  'a disruptive confirmation asks for the password on the page and loses nothing of it',
  async ({ page, plane, complaints }) => {
    await becomeOperator(page, plane);
    const id = await ask(page, plane, 'kind=switchover&to=n2', 'planned work');
    await expectStage(page, 'explained');
    const digest = await page.locator('form input[name=digest]').first().inputValue();
    complaints.expectStatus(403);
    await labels.typed(page).fill('n2');
    await labels.password(page).fill('not the password of ada');
    await labels.confirm(page, 'switchover to n2').click();
    await expect(page.getByRole('alert')).toContainText('proof_failed');
    await expectStage(page, 'explained');
    await expect(page.locator('form input[name=digest]').first()).toHaveValue(digest);
    await expect(labels.typed(page)).toHaveValue('n2');
    await expect(labels.password(page)).toHaveValue('');
    await labels.password(page).fill(PASSWORD);
    await labels.confirm(page, 'switchover to n2').click();
    await expectStage(page, 'executed');
    // The session has another secret, and goes on.
    await page.goto(`${plane.console}/`);
    await expect(page.getByRole('banner')).toContainText(OPERATOR);
    plane.login(OPERATOR, PASSWORD);
    expect(kinds(plane, id).filter((kind) => kind === 'dispatched')).toHaveLength(1);
  },
);

planeWith('second-operator', '["control"]')(
  'an action of two operators runs when the second confirms what the first confirmed',
  async ({ page, plane, complaints }) => {
    await becomeOperator(page, plane);
    plane.addAccount(SECOND, 'operator', PASSWORD);
    const id = await ask(page, plane, 'kind=switchover&to=n2', 'planned work');
    await expect(page.locator('main')).toContainText('second operator');
    await confirm(page, 'switchover to n2', 'n2');
    await expectStage(page, 'first_confirmed');
    const address = page.url();
    await page.goto('about:blank');
    await page.context().clearCookies();
    complaints.expectStatus(409);
    await signIn(page, plane, SECOND);
    await page.goto(address);
    await expect(page.locator('main')).toContainText(OPERATOR);
    await confirm(page, 'switchover to n2', 'n2');
    await expectStage(page, 'executed');
    await expect(page.locator('main')).toContainText(SECOND);
    plane.login(OPERATOR, PASSWORD);
    expect(kinds(plane, id).filter((kind) => kind === 'dispatched')).toHaveLength(1);
  },
);
