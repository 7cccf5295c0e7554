// SPDX-License-Identifier: Apache-2.0
// What the status page must do, in headless Chromium: node page.mjs URL WORKDIR PICTURES
// Requests the supervisor's restart through the files WORKDIR/stop-it and WORKDIR/start-it.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { chromium } from "playwright-core";

const [url, work, pictures] = process.argv.slice(2);
const PATIENCE = 60_000;
const DESK = { width: 1200, height: 800 };
const PHONE = { width: 375, height: 812 };

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

// A page whose errors, refused loads and requests to other hosts are recorded.
const complaints = [];
let supervisorIsDown = false;
async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on("pageerror", (error) => complaints.push(`exception: ${error}`));
  page.on("console", (message) => {
    // The browser itself reports requests that were not answered.
    const unanswered = supervisorIsDown && message.text().startsWith("Failed to load resource: net::");
    if (["error", "warning"].includes(message.type()) && !unanswered) {
      complaints.push(`console ${message.type()}: ${message.text()}`);
    }
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) complaints.push(`asked somebody else: ${request.url()}`);
  });
  await page.goto(url);
  await page.locator("#state", { hasText: "ready" }).waitFor();
  return page;
}

const picture = (page, name) =>
  page.screenshot({ path: join(pictures, `status-${name}.png`), animations: "disabled", fullPage: name !== "phone" });
const fleet = async () => (await (await fetch(`${url}status`)).json());
const worker = async (name) =>
  (await fleet()).programs.flatMap((program) => program.workers).find((each) => each.name === name);

try {
  const page = await open({ viewport: DESK });

  // The fleet, the charts and the events.
  await page.locator('tr[data-worker="api-worker.1"]', { hasText: "ready" }).waitFor();
  assert.equal(await page.locator("#vitals .vital").count(), 5);
  await page.locator("#events li[data-kind=fleet_ready]").waitFor();
  assert.equal(await page.locator("#banner").isVisible(), false);
  await page.waitForFunction(() =>
    parseFloat(document.querySelector(".vital .value").textContent) > 0);

  // A crash is shown within a second of the kill; the time it took is printed.
  const victim = await worker("api-worker.0");
  const killed = performance.now();
  process.kill(victim.pid, "SIGKILL");
  await page.locator('#crashes li[data-worker="api-worker.0"]').waitFor();
  const took = performance.now() - killed;
  console.log(`a crash was shown ${took.toFixed(0)} ms after the kill`);
  assert.ok(took < 20_000, "a crash is shown long after it happened");
  await page.locator('tr[data-worker="api-worker.0"]', { hasText: "signal 9 (SIGKILL)" }).waitFor();
  await page.locator('tr[data-worker="api-worker.0"]', { hasText: "ready" }).waitFor();
  assert.match(await page.locator("#crashes").innerText(), /SIGKILL/);

  // Keyboard navigation follows the reading order.
  const order = [];
  await page.evaluate(() => document.body.focus());
  for (let i = 0; i < 9; i += 1) {
    await page.keyboard.press("Tab");
    order.push(await page.evaluate(() => {
      const at = document.activeElement;
      return at.name || at.getAttribute("href") || at.tagName.toLowerCase();
    }));
  }
  const found = order.join(" ");
  assert.match(found, /^#fleet summary which (ol )?\/status \/metrics \/ready\?verbose/, found);
  await page.locator("#crashes summary").first().focus();
  await page.keyboard.press("Enter");
  assert.ok(await page.locator("#crashes .detail").first().isVisible());
  await page.keyboard.press("Enter");
  await page.locator("input[name=which]").first().focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#events li:visible:not(.problem)").count(), 0);
  assert.ok(await page.locator("#events li:visible").count() > 0);
  await page.keyboard.press("ArrowLeft");

  // A worker that dies of a fault leaves its stack, with symbols; one that was killed has none.
  assert.equal(await page.locator("#crashes .stack pre").count(), 0);
  process.kill((await worker("api-worker.1")).pid, "SIGSEGV");
  const faulty = page.locator('#crashes li[data-worker="api-worker.1"]');
  await faulty.waitFor();
  await faulty.locator("summary").click();
  await faulty.locator(".stack pre").waitFor();
  assert.match(await faulty.locator(".stack pre").innerText(), /holdfast::worker::run_worker\(.*\nmain\+0x/);
  await faulty.locator("summary").click();

  // Light, dark and on a phone: never wider than the screen, and every control has a name.
  await page.evaluate(() => document.activeElement.blur());
  await picture(page, "light");
  const light = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await open({ viewport: DESK, colorScheme: "dark" });
  await dark.locator("#crashes li").first().waitFor();
  await dark.locator(".vital .curve").first().waitFor({ state: "attached" });
  assert.notEqual(await dark.evaluate(() => getComputedStyle(document.body).backgroundColor), light);
  await picture(dark, "dark");
  await dark.context().close();
  const phone = await open({ viewport: PHONE, deviceScaleFactor: 1, isMobile: true, hasTouch: true });
  await phone.locator("#crashes li").first().waitFor();
  assert.equal(await phone.evaluate(() => document.documentElement.scrollWidth), PHONE.width);
  await picture(phone, "phone");
  await phone.context().close();
  const unnamed = await page.evaluate(() =>
    [...document.querySelectorAll("a, button, input, summary, svg[role=img]")]
      .filter((each) => !(each.getAttribute("aria-label") || each.closest("label, a, summary")?.textContent.trim()))
      .map((each) => each.outerHTML));
  assert.deepEqual(unnamed, []);

  // A supervisor that does not answer is reported; the next one is found, and its events start over.
  const before = (await fleet()).pid;
  supervisorIsDown = true;
  writeFileSync(join(work, "stop-it"), "");
  await page.locator("#banner[data-kind=unreachable]").waitFor();
  assert.equal(await page.locator("#state").innerText(), "unreachable");
  writeFileSync(join(work, "start-it"), "");
  await page.waitForFunction((pid) => {
    const shown = Number(document.getElementById("pid").textContent);
    return shown > 0 && shown !== pid && document.getElementById("banner").hidden;
  }, before);
  await page.locator("#events li[data-kind=fleet_ready]").waitFor();
  // The crashes are still there: their reports were kept.
  const kept = page.locator('#crashes li[data-worker="api-worker.1"]');
  await kept.waitFor();
  assert.match(await kept.locator(".stack pre").textContent(), /holdfast::worker::run_worker\(/);
  assert.match(await kept.locator("code").textContent(), /^holdfast crashes show \d{8}T/);
  supervisorIsDown = false;

  assert.deepEqual(complaints, []);
  console.log("the page is fine");
} finally {
  if (complaints.length) console.log(complaints.join("\n"));
  await browser.close();
}
