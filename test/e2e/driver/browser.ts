/** Headless Chromium for the tests; one browser a suite, one context (a clean profile) a workbench. */
import { type Browser, chromium } from 'playwright-core';
import { findProgram } from '../../../scripts/process.ts';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @throws Error with one line when Chromium is not installed. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath =
    findProgram('chromium') ?? findProgram('chromium-browser') ?? findProgram('google-chrome');
  if (executablePath === null) {
    throw new Error('Chromium is missing (Debian: apt-get install chromium)');
  }
  return chromium.launch({ executablePath, args: flags, headless: true });
}
