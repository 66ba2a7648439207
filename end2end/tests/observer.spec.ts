// An observer sees everything and can ask for nothing.
import { ASKING } from '../fixtures/labels.ts';
import {
  ask,
  becomeOperator,
  type RecordJson,
  OBSERVER,
  OPERATOR,
  PASSWORD,
  signIn,
} from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

test('an observer finds no form that acts, and every mutating route refuses and records', async ({
  page,
  plane,
  complaints,
}) => {
  await becomeOperator(page, plane);
  const id = await ask(page, plane, 'kind=switchover&to=n2', 'to be looked at');
  await page.goto('about:blank');
  await plane.stop();
  plane.addAccount(OBSERVER, 'observer', PASSWORD);
  await plane.start();

  await page.context().clearCookies();
  await signIn(page, plane, OBSERVER);
  complaints.expectStatus(403);
  for (const path of ['/', '/actions', `/actions/${id}`, '/actions/new', '/log', '/reference']) {
    await page.goto(`${plane.console}${path}`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
    const actions = await page
      .locator('form')
      .evaluateAll((forms) =>
        forms
          .filter((form) => (form as HTMLFormElement).method === 'post')
          .map((form) => new URL((form as HTMLFormElement).action).pathname),
      );
    expect(actions.filter((action) => action !== '/logout'), path).toEqual([]);
    for (const name of ASKING) {
      await expect(page.getByRole('button', { name })).toHaveCount(0);
    }
  }

  const steps = ['confirm', 'withdraw', 'resolve'];
  const attempts = ['/actions', ...steps.map((step) => `/actions/${id}/${step}`)];
  for (const path of attempts) {
    const headers = { origin: plane.console };
    const form = await page.request.post(plane.console + path, {
      headers,
      form: { action_id: id, kind: 'stop_writes', reason: 'r', digest: '00' },
      maxRedirects: 0,
    });
    expect(form.status(), `POST ${path}`).toBe(403);
    const api = await page.request.post(`${plane.console}/api/v1${path}`, {
      headers,
      data: { action_id: id, kind: 'stop_writes', params: {}, reason: 'r', digest: '00' },
      maxRedirects: 0,
    });
    expect(api.status(), `POST /api/v1${path}`).toBe(403);
    expect(await api.json()).toMatchObject({ refusal: { code: 'not_permitted', executed: 'no' } });
  }

  plane.login(OPERATOR, PASSWORD);
  const { records } = plane.json<{ records: RecordJson[] }>(['log', '--kind', 'denied']);
  const posts = records.filter((record) => record.entry.attempt?.startsWith('POST '));
  expect(posts).toHaveLength(attempts.length * 2);
});

test('the command line of an observer reads, and is not authorised to ask', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  await page.goto('about:blank');
  await plane.stop();
  plane.addAccount(OBSERVER, 'observer', PASSWORD);
  await plane.start();
  plane.login(OBSERVER, PASSWORD);
  expect(plane.run(['status']).code).toBe(0);
  const done = plane.run(['request', 'stop_writes', '--reason', 'r']);
  expect(done.code).toBe(8);
  expect(done.stderr).toContain('Nothing ran.');
});
