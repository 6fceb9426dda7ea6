// Changes that a person tries, confirms and undoes on the pages.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { browser, check, click, fill, find, follow, gateway, login, press, text } from "./browser.mjs";

for (const scripts of [true, false]) {
  const how = scripts ? "with" : "without";

  /** A gateway that keeps changes, and a browser on the firewall `test` of its mock. */
  const begin = async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "deltawall-"));
    context.after(() => rmSync(folder, { recursive: true }));
    const url = await gateway("--state", join(folder, "state.db"));
    const driver = await browser(context, { scripts });
    await login(driver, url, "mock");
    const firewall = `${url}/api;driver=mock/firewalls/test`;
    await driver.get(firewall);
    return { driver, firewall };
  };

  const rule = { port_from: "8443", port_to: "8443", ip_address1: "10.9.0.0/16" };

  test(`a person tries a rule and confirms it, ${how} scripts`, async (context) => {
    const { driver, firewall } = await begin(context);
    await follow(driver, "New rule");
    if (scripts) await check(driver, "the form of a rule");
    await fill(driver, { ...rule, confirm_within: "3600", why: "does it work?" });
    await press(driver, "Preview");
    assert.match(await text(driver), /tcp\/8443 from 10\.9\.0\.0\/16/);
    assert.equal(await find(driver, "[name=confirm_within]:not([type=hidden])").getAttribute("value"), "3600");
    await press(driver, "Create rule");
    assert.equal(await driver.getCurrentUrl(), firewall);
    const banner = () => find(driver, ".problem[role=status]").getText();
    assert.match(await banner(), /^A change of this firewall is tried: it undoes itself at \S+/);
    if (scripts) await check(driver, "a firewall in trial");
    if (scripts) {
      const left = () => find(driver, "[data-left]").getText();
      const first = await left();
      assert.match(first, /^, in (00:59:\d\d|01:00:00),$/);
      await driver.wait(async () => (await left()) !== first, 5000);
    }
    await press(driver, "Confirm");
    assert.equal(await driver.getCurrentUrl(), firewall);
    assert.doesNotMatch(await text(driver), /is tried/);
    assert.match(await text(driver), /8443/);
    await follow(driver, "Its changes");
    assert.match(await text(driver), /create_rule mockuser confirmed does it work\?/);
    if (scripts) await check(driver, "the changes of a firewall");
  });

  test(`a person undoes a trial, and a change that was made, ${how} scripts`, async (context) => {
    const { driver } = await begin(context);
    await follow(driver, "New rule");
    await fill(driver, { ...rule, confirm_within: "3600" });
    await press(driver, "Create rule");
    await press(driver, "Undo");
    assert.doesNotMatch(await text(driver), /8443/);
    await follow(driver, "New rule");
    await fill(driver, { ...rule, expires_in: "86400" });
    await press(driver, "Create rule");
    assert.match(await text(driver), /8443[^]*until \d{4}-/);
    await follow(driver, "Its changes");
    await click(driver, find(driver, "main tbody a"));
    assert.match(await text(driver), /What it opened\ntcp\/8443 from 10\.9\.0\.0\/16/);
    if (scripts) await check(driver, "a change");
    await press(driver, "Preview");
    assert.match(await text(driver), /would not be/);
    await driver.navigate().back();
    await press(driver, "Undo");
    assert.doesNotMatch(await text(driver), /8443/);
  });

  test(`a person is told what others did, ${how} scripts`, async (context) => {
    const { driver } = await begin(context);
    await follow(driver, "What others did to it");
    if (scripts) await check(driver, "drift");
    assert.match(await text(driver), /not known|Nobody/);
  });
}
