// A browser and the program, and what a person does with them.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { Builder, By, logging } from "selenium-webdriver";
import { Options, ServiceBuilder } from "selenium-webdriver/chrome.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const axe = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const logins = { mock: "mockuser:mockpassword", fgcp: "fgcpuser:fgcppassword", "mock-nftables": "mockuser:mockpassword" };
const pictures = join(root, process.env.UPDATE_DOCS ? "docs/images" : "target/browser");
export const started = [];

after(() => started.forEach((stop) => stop()));

/** Starts the program on a free port, and gives its URL without a path. */
export async function gateway(...options) {
  const program = process.env.DELTAWALL ?? join(root, "target/debug/deltawall");
  const child = spawn(program, ["-p", "0", ...options], { stdio: ["ignore", "pipe", "ignore"] });
  started.push(() => child.kill());
  for await (const line of createInterface({ input: child.stdout })) {
    return line.match(/http:\/\/[^/]+/)[0];
  }
  throw new Error(`${program} did not start`);
}

/** A browser of its own, with no memory; closed when the test is over, if it has no complaint of the pages. */
export async function browser(context, { scripts = true, dark = false, width = 1100 } = {}) {
  const profile = mkdtempSync(join(tmpdir(), "deltawall-"));
  const options = new Options();
  options.setBinaryPath("/usr/bin/chromium");
  options.addArguments(
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", `--user-data-dir=${profile}`,
    `--window-size=${width},900`,
  );
  if (!scripts) options.setUserPreferences({ "profile.managed_default_content_settings.javascript": 2 });
  const preferences = new logging.Preferences();
  preferences.setLevel(logging.Type.BROWSER, logging.Level.ALL);
  options.setLoggingPrefs(preferences);
  const driver = await new Builder()
    .forBrowser("chrome")
    .setChromeOptions(options)
    .setChromeService(new ServiceBuilder("/usr/bin/chromedriver"))
    .build();
  context.after(async () => {
    const log = await driver.manage().logs().get(logging.Type.BROWSER);
    await driver.quit();
    rmSync(profile, { recursive: true, force: true });
    // What the browser says of an answer whose status the test asked for is no complaint of the page; nor is what it says of its own
    // first page, where there is no network.
    const complaints = log.filter(({ message }) => !/^chrome:|Failed to load resource: the server responded with a status of (4|5)\d\d/.test(message));
    assert.deepEqual(complaints.map(({ message }) => message), []);
  });
  if (dark) await driver.sendDevToolsCommand("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "dark" }] });
  if (width < 500) await driver.sendDevToolsCommand("Emulation.setDeviceMetricsOverride", { width, height: 800, deviceScaleFactor: 1, mobile: true });
  return driver;
}

/** Logs in as a person does when the browser asks: it keeps what was typed, and sends it by itself from then on. */
export async function login(driver, url, name) {
  const entry = `${url.replace("://", `://${logins[name]}@`)}/api;driver=${name}`;
  await driver.get(`${entry}?force_auth=1`);
  assert.match(await driver.getTitle(), /^Drivers/);
  await driver.get(`${url}/api;driver=${name}`);
}

export const find = (driver, css) => driver.findElement(By.css(css));
export const text = (driver) => find(driver, "main").getText();
/** When the page was begun that is there whole; false while one goes and the next comes, when the browser may fail to say. */
const begun = (driver) =>
  driver.executeScript("return document.readyState === 'complete' && performance.timeOrigin").catch(() => false);
// No element of the old page is asked about: chromedriver has errors of its own for one whose page is just going.
/** Does what leads to another page, and waits for that. */
export const leave = async (driver, act) => {
  const before = await begun(driver);
  assert.ok(before, "there is a page to leave");
  await act();
  await driver.wait(async () => ![false, before].includes(await begun(driver)), 10_000, "no other page came");
};
export const click = (driver, element) => leave(driver, () => element.click());
export const follow = (driver, name) => click(driver, find(driver, "main").findElement(By.linkText(name)));
export const fill = async (driver, values) => {
  for (const [name, value] of Object.entries(values)) {
    const field = await find(driver, `[name="${name}"]`);
    if ((await field.getTagName()) !== "select") await field.clear();
    await field.sendKeys(value);
  }
};
export const submit = (driver) => click(driver, find(driver, "main form[method=post] > button[type=submit]"));

/** Clicks the first link or button whose text, the unseen part of it too, begins so. */
export const press = (driver, start) => click(driver, driver.findElement(By.xpath(`//main//*[self::a or self::button][starts-with(normalize-space(.), "${start}")]`)));

/** Opens the confirmation that this text is on, and confirms. */
export async function confirmDeletion(driver, summary) {
  for (const details of await driver.findElements(By.css("details.confirm"))) {
    const opener = await details.findElement(By.css("summary"));
    if (!(await opener.getAttribute("textContent")).startsWith(summary)) continue;
    assert.equal(await details.findElement(By.css("button")).isDisplayed(), false, "there is a step before it");
    await opener.click();
    return click(driver, details.findElement(By.css("button")));
  }
  assert.fail(`nothing to delete as '${summary}'`);
}

/** Axe's findings on the page. */
export async function check(driver, page) {
  await driver.executeScript(axe);
  const { violations } = await driver.executeAsyncScript("axe.run().then(arguments[arguments.length - 1])");
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  assert.deepEqual(found, [], page);
}

/** Puts the page there that is for those who have not logged in: the browser itself shows it to who gives up at its dialog. */
export async function showWithoutLogin(driver, path) {
  await driver.executeAsyncScript(
    `const [path, done] = arguments;
    fetch(path, { credentials: "omit", headers: { Accept: "text/html" } }).then(async (answer) => {
      const page = await answer.text();
      document.open();
      addEventListener("load", done);
      document.write(page);
      document.close();
    });`, path);
}

export async function picture(driver, name) {
  mkdirSync(pictures, { recursive: true });
  await driver.executeScript("scrollTo(0, 0)");
  writeFileSync(join(pictures, `${name}.png`), await driver.takeScreenshot(), "base64");
}
