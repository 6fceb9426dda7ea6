// Rules that a person edits and moves, and what they are told before.

import assert from "node:assert/strict";
import { test } from "node:test";
import { By } from "selenium-webdriver";
import { browser, fill, find, gateway, login, press, text } from "./browser.mjs";

/** What the rows of the firewall's page say in this column. */
const column = async (driver, name) =>
  Promise.all((await driver.findElements(By.css(`tbody [data-column="${name}"]`))).map((cell) => cell.getText()));

for (const scripts of [true, false]) {
  const how = scripts ? "with" : "without";
  const begin = async (context) => {
    const url = await gateway();
    const driver = await browser(context, { scripts });
    await login(driver, url, "mock-nftables");
    const firewall = `${url}/api;driver=mock-nftables/firewalls/web`;
    await driver.get(firewall);
    return { driver, firewall };
  };

  test(`a person edits a rule and sees before what that does, ${how} scripts`, async (context) => {
    const { driver, firewall } = await begin(context);
    await press(driver, "Edit rule TCP 22, 2 of 5");
    assert.equal(await find(driver, "[name=limit]").getAttribute("value"), "10/minute of new connections");
    await fill(driver, { port_from: "", port_to: "", ports: "22,2222", rule_action: "reject", interface: "eth0", ip_address2: "10.0.0.1-10.0.0.9" });
    await driver.findElement(By.xpath("//label[normalize-space(.)='new']")).click();
    await press(driver, "Preview");
    assert.match(await text(driver), /^Firewalls \/ web\nWhat it would do\nNothing was changed yet\. [^]*would not be:\ntcp\/22 from 203\.0\.113\.0\/24/);
    assert.equal(await find(driver, "[name=ports]:not([type=hidden])").getAttribute("value"), "22,2222");
    assert.ok(await find(driver, "[type=checkbox][value=new]").isSelected());
    await press(driver, "Save rule");
    assert.equal(await driver.getCurrentUrl(), firewall);
    assert.deepEqual(await column(driver, "Ports"), ["all", "22, 2222", "443 https", "25 smtp", "all"]);
    const row = await find(driver, "#rule-2").getText();
    for (const part of ["reject", "in by eth0", "of connections that are new", "10.0.0.1-10.0.0.9"]) assert.ok(row.includes(part), `${part} in ${row}`);
  });

  test(`a person moves rules by buttons, ${how} scripts`, async (context) => {
    const { driver, firewall } = await begin(context);
    assert.deepEqual(await column(driver, "Ports"), ["all", "22 ssh", "443 https", "25 smtp", "all"]);
    await press(driver, "Down: rule TCP 22");
    assert.equal(await driver.getCurrentUrl(), `${firewall}#rule-3`);
    assert.deepEqual(await column(driver, "Ports"), ["all", "443 https", "22 ssh", "25 smtp", "all"]);
    await press(driver, "Up: rule TCP 443");
    assert.deepEqual(await column(driver, "Ports"), ["443 https", "all", "22 ssh", "25 smtp", "all"]);
    assert.deepEqual(await column(driver, "Place"), ["1", "2", "3", "4", "5"]);
  });

  test(`a person asks what becomes of a packet, ${how} scripts`, async (context) => {
    const { driver } = await begin(context);
    await fill(driver, { explain: "tcp/22 from 203.0.113.9" });
    await press(driver, "Explain");
    assert.match(await text(driver), /^web\nWhat becomes of it\naccept by the rule: /);
  });

  test(`a person who was overtaken keeps what was typed, ${how} scripts`, async (context) => {
    const { driver, firewall } = await begin(context);
    await press(driver, "Edit rule TCP 22, 2 of 5");
    const edit = await driver.getCurrentUrl();
    const first = await driver.getWindowHandle();
    await driver.switchTo().newWindow("tab");
    await driver.get(firewall);
    await press(driver, "Down: rule TCP 443");
    await driver.switchTo().window(first);
    await fill(driver, { port_to: "24" });
    await press(driver, "Save rule");
    assert.equal(await driver.getCurrentUrl(), edit);
    assert.match(await find(driver, "[role=alert]").getText(), /409 Conflict\nThe firewall has changed since this form was shown/);
    assert.equal(await find(driver, "[name=port_to]").getAttribute("value"), "24");
    await press(driver, "Save rule");
    assert.deepEqual(await column(driver, "Ports"), ["all", "22–24", "25 smtp", "443 https", "all"]);
  });
}

test("what a deletion does is told before it is made", async (context) => {
  const url = await gateway();
  const driver = await browser(context);
  await login(driver, url, "mock");
  await driver.get(`${url}/api;driver=mock/firewalls/default`);
  await find(driver, "details.confirm summary").click();
  await press(driver, "Preview of deleting rule");
  assert.match(await text(driver), /Nothing was changed yet\.[^]*tcp\/22 from 87\.228\.192\.251/);
  await press(driver, "Delete rule");
  assert.match(await text(driver), /There are no rules[^]*Who stands behind it\ni-0a1b2c3d4e5f60718 web1/);
});
