// The pages in a real browser, Chromium, against the real program: what a person does on them, on every driver that
// needs no cloud, with scripts and without; that no page of another site can do it; and that axe finds no fault in them.
//
//   node --test tests/browser/pages.test.mjs
//
// DELTAWALL is the program, target/debug/deltawall by default. Pictures of the main pages go to docs/images where
// UPDATE_DOCS is set, else to target/browser.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { By } from "selenium-webdriver";
import {
  browser, check, click, confirmDeletion, fill, find, follow, gateway, leave, login, picture, press, showWithoutLogin, started, submit, text,
} from "./browser.mjs";

for (const scripts of [true, false]) {
  test(`a person manages firewalls on mock, ${scripts ? "with" : "without"} scripts`, async (context) => {
    const url = await gateway();
    const driver = await browser(context, { scripts });
    await login(driver, url, "mock");
    if (scripts) await picture(driver, "drivers");
    await follow(driver, "See the firewalls");
    assert.match(await text(driver), /3 of 3 firewalls/);
    if (scripts) await picture(driver, "firewalls");

    await follow(driver, "New firewall");
    await fill(driver, { name: "web", description: "Web & servers" });
    await submit(driver);
    assert.equal(await driver.getCurrentUrl(), `${url}/api;driver=mock/firewalls/web`);
    assert.match(await text(driver), /Web & servers/);

    await follow(driver, "New rule");
    await fill(driver, { protocol: "tcp", port_from: "443", port_to: "443", ip_address1: "0.0.0.0/0" });
    if (scripts) {
      // More rows than the form came with, one for the second address and one for the group.
      const more = await driver.findElements(By.css("button[type=button]"));
      assert.deepEqual(await Promise.all(more.map((button) => button.getText())), ["Add another address", "Add another group"]);
      await Promise.all(more.map((button) => button.click()));
      assert.equal(await find(driver, "label[for=ip_address4]").getText(), "Address 4");
      await fill(driver, { ip_address4: "2001:db8::/32", group4: "default", group4owner: "393485797142" });
      await picture(driver, "new-rule");
    } else {
      await fill(driver, { ip_address2: "2001:db8::/32", group1: "default", group1owner: "393485797142" });
    }
    await submit(driver);
    assert.equal(await driver.getCurrentUrl(), `${url}/api;driver=mock/firewalls/web`);
    const row = await find(driver, "tbody tr").getText();
    for (const part of ["TCP", "443 https", "ingress", "IPv4 0.0.0.0/0 open to the world", "IPv6 2001:db8::/32", "group 393485797142:default"]) {
      assert.ok(row.includes(part), `${part} in ${row}`);
    }
    if (scripts) await picture(driver, "firewall");

    await confirmDeletion(driver, "Delete rule TCP 443");
    assert.match(await text(driver), /There are no rules/);
    await confirmDeletion(driver, "Delete this firewall");
    assert.equal(await driver.getCurrentUrl(), `${url}/api;driver=mock/firewalls`);
    assert.doesNotMatch(await text(driver), /web/);
  });

  test(`what was typed wrong can be mended, ${scripts ? "with" : "without"} scripts`, async (context) => {
    const url = await gateway();
    const driver = await browser(context, { scripts });
    await login(driver, url, "mock");
    await driver.get(`${url}/api;driver=mock/firewalls/test/new_rule`);
    await fill(driver, { port_from: "80", port_to: "80", ip_address3: "10.0.0.0/33" });
    await submit(driver);
    assert.match(await find(driver, "[role=alert]").getText(), /400 Bad Request\nParameter 'ip_address3' has '10.0.0.0\/33'/);
    const focused = () => driver.switchTo().activeElement();
    assert.equal(await focused().getAttribute("name"), "ip_address3");
    await find(driver, "label[for=port_from]").click();
    assert.equal(await focused().getAttribute("name"), "port_from");
    await find(driver, "main").findElement(By.linkText("Go to the field")).click();
    const wrong = await focused();
    assert.equal(await wrong.getAttribute("value"), "10.0.0.0/33");
    assert.equal(await wrong.getAttribute("aria-invalid"), "true");
    await wrong.clear();
    await wrong.sendKeys("10.0.0.0/8");
    await submit(driver);
    assert.match(await text(driver), /80 http/);
  });

  test(`fgcp offers what it can do, and says what takes time, ${scripts ? "with" : "without"} scripts`, async (context) => {
    const url = await gateway("--fgcp-stop-delay", "60");
    const driver = await browser(context, { scripts });
    await login(driver, url, "fgcp");
    await follow(driver, "See the firewalls");
    const links = await driver.findElements(By.css("tbody a"));
    assert.ok(links.length > 1);
    await driver.get(`${url}/api;driver=fgcp/firewalls/UZXC0GRT-3A7QLM2P9-S-0001`);
    assert.equal((await driver.findElements(By.linkText("New rule"))).length, 0);
    await confirmDeletion(driver, "Delete this firewall");
    assert.match(await text(driver), /Firewall will be deleted once it has stopped/);
    await follow(driver, "Back to the firewalls");
    assert.equal(await driver.getCurrentUrl(), `${url}/api;driver=fgcp/firewalls`);
  });
}

test("the list is filtered as one types", async (context) => {
  const driver = await browser(context);
  const url = await gateway();
  await login(driver, url, "mock");
  await follow(driver, "See the firewalls");
  await fill(driver, { filter: "THIS is" });
  assert.equal(await find(driver, "#shown").getText(), "1 of 3 firewalls");
  const rows = await driver.findElements(By.css("tbody tr"));
  const shown = await Promise.all(rows.map((row) => row.isDisplayed()));
  assert.deepEqual(shown, [false, true, false]);
});

test("a list that the server has filtered is whole again when the filter is emptied", async (context) => {
  const driver = await browser(context);
  const url = await gateway();
  await login(driver, url, "mock");
  await driver.get(`${url}/api;driver=mock/firewalls?filter=TEST`);
  assert.equal(await find(driver, "#shown").getText(), "1 of 3 firewalls");
  const box = await find(driver, "#filter");
  await leave(driver, () => box.sendKeys(...Array(4).fill("\uE003")));
  assert.equal(await find(driver, "#shown").getText(), "3 of 3 firewalls");
});

test("a firewall may be called what a browser takes for a step in the path, or a page", async (context) => {
  const url = await gateway();
  const driver = await browser(context);
  await login(driver, url, "mock");
  for (const name of ["new", ".", ".."]) {
    await driver.get(`${url}/api;driver=mock/firewalls/new`);
    await fill(driver, { name, description: "d" });
    await submit(driver);
    assert.equal(await find(driver, "h1").getText(), name);
    await follow(driver, "Firewalls");
    await follow(driver, name);
    await follow(driver, "New rule");
    await fill(driver, { port_from: "80", port_to: "80", ip_address1: "10.0.0.0/8" });
    await submit(driver);
    assert.equal(await find(driver, "h1").getText(), name);
    await confirmDeletion(driver, "Delete rule TCP 80");
    assert.match(await text(driver), /There are no rules/);
    await confirmDeletion(driver, "Delete this firewall");
    assert.match(await text(driver), /3 of 3 firewalls/);
  }
});

for (const [width, isStacked] of [[360, true], [700, true], [800, false]]) {
  test(`at ${width} pixels all of a table is in sight, and it is a table`, async (context) => {
    const url = await gateway();
    const driver = await browser(context, { width });
    const isInSight = async (css, start = "") => {
      const found = await driver.executeScript(
        `return [...document.querySelectorAll(arguments[0])].filter((one) => one.textContent.startsWith(arguments[1]))
          .map((one) => { const { left, right, width } = one.getBoundingClientRect(); return width > 0 && left >= 0 && right <= innerWidth; })`,
        css, start);
      assert.ok(found.length > 0 && found.every(Boolean), `${css} ${start}: ${found}`);
    };
    const roles = async () => {
      for (const [css, role] of Object.entries({
        table: "table", thead: "rowgroup", tbody: "rowgroup", "thead tr": "row", "thead th": "columnheader", "tbody tr": "row", "tbody th": "rowheader", td: "cell",
      })) {
        for (const element of await driver.findElements(By.css(css))) assert.equal(await element.getAriaRole(), role, css);
      }
    };
    await login(driver, url, "mock");
    await driver.get(`${url}/api;driver=mock/firewalls/test/new_rule`);
    await fill(driver, { port_from: "1024", port_to: "65535", description: "A rule for what has no port of its own", ip_address1: "0.0.0.0/0", ip_address2: "2001:db8:1234:5678:9abc:def0:1234:5678/128" });
    await submit(driver);
    for (const [css, start] of [[".world", "open to the world"], ["summary", "Delete"], ["tbody th"], ["td"], ["td code"]]) await isInSight(css, start);
    await roles();
    assert.equal(await find(driver, "tbody th").getAccessibleName(), "TCP", "the name of the column is not part of it");
    assert.match(await driver.executeScript("return getComputedStyle(document.querySelector('tbody th'), '::before').content"), isStacked ? /^"Protocol"/ : /^none$/);
    const [needed, there] = await driver.executeScript("return [document.scrollingElement.scrollWidth, innerWidth]");
    assert.ok(needed <= there, `the page needs ${needed} of ${there} pixels`);

    await driver.get(`${url}/api;driver=mock/firewalls`);
    for (const css of ["tbody th a", "td"]) await isInSight(css);
    await roles();
    await fill(driver, { filter: "THIS is" });
    const rows = await driver.findElements(By.css("tbody tr"));
    assert.deepEqual(await Promise.all(rows.map((row) => row.isDisplayed())), [false, true, false]);
  });
}

test("a page of another site cannot act", async (context) => {
  const url = await gateway();
  const driver = await browser(context);
  await login(driver, url, "mock");
  const page = `<!DOCTYPE html><title>Evil</title><form method="post" action="${url}/api/firewalls/new_firewall">
    <input type="hidden" name="_method" value="delete"><button>Win a prize</button></form>`;
  const other = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end(page));
  await new Promise((resolve) => other.listen(0, "127.0.0.1", resolve));
  context.after(() => other.close());
  // By address and by name: another port of the same site, and another site.
  for (const host of ["127.0.0.1", "localhost"]) {
    await driver.get(`http://${host}:${other.address().port}/`);
    await click(driver, find(driver, "button"));
    assert.match(await text(driver), /403 Forbidden\nA page of another site may not do this/);
  }
  await driver.get(`${url}/api;driver=mock/firewalls`);
  assert.match(await text(driver), /new_firewall/);
});

test("hostile text is text", async (context) => {
  const hostile = "</title><script>document.title = 'taken'</script><img src=x onerror=alert(1)>";
  const folder = mkdtempSync(join(tmpdir(), "deltawall-"));
  started.push(() => rmSync(folder, { recursive: true }));
  // A data file may bring what clients may not make.
  const data = join(folder, "hostile.toml");
  writeFileSync(data, `[[firewalls]]\nname = "${hostile}"\ndescription = "${hostile}"\n`);
  const url = await gateway("--mock-data", data);
  const driver = await browser(context);
  await login(driver, url, "mock");
  await driver.get(`${url}/api;driver=mock/firewalls`);
  await follow(driver, hostile);
  assert.equal(await driver.getTitle(), `${hostile} – deltawall`);
  assert.equal(await find(driver, "h1").getText(), hostile);
  await driver.get(`${url}/api;driver=mock/firewalls/new`);
  await fill(driver, { name: hostile, description: hostile });
  await submit(driver);
  assert.match(await driver.getTitle(), /^Not made/);
  assert.ok((await text(driver)).includes(`Value (${hostile}) for parameter GroupName is invalid`));
  assert.equal(await find(driver, "[name=name]").getAttribute("value"), hostile);
});

test("the keyboard alone will do", async (context) => {
  const url = await gateway();
  const driver = await browser(context);
  await login(driver, url, "mock");
  await driver.get(`${url}/api;driver=mock/firewalls/new`);
  const press = (...keys) => driver.actions().sendKeys(...keys).perform();
  await press("\uE004");
  assert.equal(await driver.switchTo().activeElement().getText(), "Skip to the content");
  await press("\uE007");
  // Past the path back, to the form.
  await leave(driver, () => press("\uE004", "\uE004", "keys", "\uE004", "made by keys", "\uE004", "\uE007"));
  assert.equal(await driver.getCurrentUrl(), `${url}/api;driver=mock/firewalls/keys`);
  assert.equal(await find(driver, "h1").getText(), "keys");
});

for (const [look, options] of [["light", {}], ["dark", { dark: true }], ["at 360 pixels", { width: 360 }]]) {
  test(`axe finds nothing on any page, ${look}`, async (context) => {
    const url = await gateway();
    const driver = await browser(context, options);
    const look = async (page, heading) => {
      if (heading) assert.match(await text(driver), heading);
      await check(driver, page);
      const [needed, there] = await driver.executeScript("return [document.scrollingElement.scrollWidth, innerWidth]");
      assert.ok(needed <= there, `${page} needs ${needed} of ${there} pixels`);
    };
    for (const [name, paths] of Object.entries({
      mock: ["", "/drivers", "/drivers/ec2", "/firewalls", "/firewalls/test", "/firewalls/new", "/firewalls/test/new_rule", "/firewalls/absent", "/docs"],
"mock-nftables": ["/firewalls/web", "/firewalls/lab/new_rule"],
      fgcp: ["/firewalls", "/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001"],
    })) {
      await login(driver, url, name);
      for (const path of paths) {
        await driver.get(`${url}/api;driver=${name}${path}`);
        await look(path);
      }
      if (name === "mock") {
        await driver.get(`${url}/api;driver=mock/firewalls/new`);
        await fill(driver, { name: " ", description: "d" });
        await submit(driver);
        await look("what was wrong with a firewall", /400 Bad Request\nParameter 'name'/);
        await driver.get(`${url}/api;driver=mock/firewalls/test/new_rule`);
        for (const button of await driver.findElements(By.css("button[type=button]"))) await button.click();
        await look("rows that were added", /Address 4[^]*Owner of group 4/);
        await submit(driver);
        await look("what was wrong with a rule", /400 Bad Request\nParameter 'port_from'/);
        await showWithoutLogin(driver, "/api;driver=mock/firewalls");
        await look("who has not logged in", /^401 Unauthorized/);
        await driver.get(`${url}/api;driver=mock/firewalls/test`);
        await driver.executeScript("document.querySelectorAll('details').forEach((details) => (details.open = true))");
        await look("confirmations");
      } else if (name === "mock-nftables") {
        await driver.get(`${url}/api;driver=${name}/firewalls/web`);
        await driver.executeScript("document.querySelectorAll('details').forEach((details) => (details.open = true))");
        await look("confirmations of a host");
        await press(driver, "Preview of deleting rule");
        await look("what a deletion would do", /^Firewalls [^]*What it would do/);
        await driver.get(`${url}/api;driver=${name}/firewalls/web`);
        await press(driver, "Edit rule TCP 22, 2 of 5");
        await look("a rule to edit", /Edit a rule in web/);
        await fill(driver, { port_to: "23" });
        await press(driver, "Preview");
        await look("what an edit would do", /What it would do[^]*Or change it first/);
      } else {
        await driver.get(`${url}/api;driver=fgcp/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001/new_rule`);
        await look("what the driver cannot do", /^501 Not Implemented/);
        await driver.get(`${url}/api;driver=fgcp/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001`);
        await confirmDeletion(driver, "Delete this firewall");
        await look("what could not be done, or takes time");
      }
    }
  });
}
