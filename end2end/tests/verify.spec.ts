// Without scripts nothing is recomputed in the browser: the page says so, and leads to the proofs.
import { test } from '../fixtures/library.ts';
import { expect } from '../fixtures/test.ts';

interface Proof {
  record: { seq: number };
  path: string[];
}

test('each record leads to the proof that it is in the signed log', async ({ page, library }) => {
  await page.goto('/log?kind=executed');
  const verify = page.getByRole('button', { name: 'Verify in this browser' });
  if (test.info().project.name === 'no-js') await expect(verify).toBeDisabled();
  else await expect(verify).toBeEnabled();
  const rows = page.getByRole('table', { name: 'Records, newest first' }).getByRole('rowheader');
  await expect(rows).toHaveCount(2);
  await rows.first().getByRole('link').click();
  // That of the record itself stands first; those of its action follow.
  const proof = page.getByRole('link', { name: /^Proof of record \d+$/ }).first();
  await expect(proof).toBeVisible();
  const address = (await proof.getAttribute('href')) ?? '';
  const seq = Number(address.split('/').at(-1));
  const given = (await (await page.request.get(address)).json()) as Proof;
  expect(given.record.seq).toBe(seq);
  expect(given.path.length).toBeGreaterThan(0);
  const head = await page.request.get('/api/v1/log/head');
  expect(((await head.json()) as { note: string }).note).toContain('\n\n\u2014 ');
  expect(library.executed).not.toBe('');
});
