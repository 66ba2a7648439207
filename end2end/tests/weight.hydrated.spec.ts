// What the first page costs on the wire, part by part, and that it is paid once.
import type { Response } from '@playwright/test';
import { test } from '../fixtures/library.ts';
import { expect } from '../fixtures/test.ts';

/** What all parts of the first page may weigh together, compressed. */
const BYTES_MAX = 420_000;

interface Part {
  kind: string;
  bytes: number;
  headers: Record<string, string>;
}

async function part(response: Response): Promise<Part> {
  const { responseBodySize } = await response.request().sizes();
  const path = new URL(response.url()).pathname;
  const kind = /\.(js|wasm|css|svg)$/.exec(path)?.[1] ?? (path === '/' ? 'html' : 'json');
  return { kind, bytes: responseBodySize, headers: response.headers() };
}

test('the first page is small, its files are packed and kept for ever', async ({ page, library }) => {
  const seen: Promise<Part>[] = [];
  page.on('requestfinished', (request) => {
    const response = request.response().then((found) => found && part(found));
    seen.push(response.then((found) => found ?? { kind: 'none', bytes: 0, headers: {} }));
  });
  await page.goto(library.plane.console);
  await expect(page.locator('.live[data-state="live"]')).toBeVisible();
  const parts = await Promise.all(seen);
  const of = (kind: string) => parts.filter((one) => one.kind === kind);
  for (const kind of ['html', 'js', 'wasm', 'css', 'json']) {
    const bytes = of(kind).reduce((sum, one) => sum + one.bytes, 0);
    console.log(`first load: ${kind} ${bytes} bytes`);
    expect(of(kind).length, kind).toBeGreaterThan(0);
  }
  for (const file of [...of('js'), ...of('wasm'), ...of('css')]) {
    expect(file.headers['cache-control'], file.kind).toContain('immutable');
    expect(file.headers['content-encoding'], file.kind).toMatch(/^(br|gzip)$/);
  }
  const all = parts.reduce((sum, one) => sum + one.bytes, 0);
  console.log(`first load: ${all} bytes in all`);
  expect(all).toBeLessThan(BYTES_MAX);
});
