// Every test runs twice: with WebAssembly (`hydrated`) and with JavaScript off (`no-js`). What
// needs scripts is named *.hydrated.spec.ts. A test that fails once is a finding: no retries.
import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

const DEBIAN_CHROMIUM = '/usr/bin/chromium';
// Named as empty, or neither named nor found: then Playwright's own browser is used.
const named = process.env.CHROMIUM_BIN ?? (existsSync(DEBIAN_CHROMIUM) ? DEBIAN_CHROMIUM : '');
const chromium = named === '' ? undefined : named;

// The browser talks to the server under test and to nothing else.
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--no-default-browser-check',
  '--no-pings',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-domain-reliability',
  '--disable-client-side-phishing-detection',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

// They write pictures and are run when somebody asks for them: `make pictures`, and to look at pages.
const PICTURES = ['**/pictures.spec.ts', '**/screenshots.spec.ts'];

export default defineConfig({
  testDir: './tests',
  fullyParallel: false,
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list'], ['./summary.ts']],
  use: {
    browserName: 'chromium',
    trace: 'retain-on-failure',
    launchOptions: { executablePath: chromium, args },
  },
  projects: [
    { name: 'hydrated', testIgnore: PICTURES },
    {
      name: 'no-js',
      use: { javaScriptEnabled: false },
      testIgnore: ['**/*.hydrated.spec.ts', ...PICTURES],
    },
    { name: 'pictures', testMatch: '**/pictures.spec.ts' },
    { name: 'screenshots', testMatch: '**/screenshots.spec.ts' },
  ],
});
