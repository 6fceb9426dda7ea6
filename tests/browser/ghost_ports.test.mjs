// GhostPorts that a person opens and closes on the page for it.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { browser, check, fill, find, gateway, leave, picture, press, text } from "./browser.mjs";

/** The secret of the user that the mocks' sample data publishes. */
const SECRET = Buffer.from("48656c6c6f21deadbeef48656c6c6f21deadbeef", "hex");

/** The code of now, or of so many steps later (RFC 6238): those next to it are good, too, and each is good once. */
function code(later = 0) {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const hash = createHmac("sha1", SECRET).update(step).digest();
  const number = hash.readUInt32BE(hash.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

for (const [look, options] of [["light", {}], ["dark", { dark: true }], ["at 360 pixels", { width: 360 }], ["without scripts", { scripts: false }]]) {
  test(`a person opens and closes, ${look}`, async (context) => {
    const url = await gateway();
    const driver = await browser(context, options);
    const see = async (page, expected) => {
      assert.match(await text(driver), expected);
      if (options.scripts === false) return;
      await check(driver, page);
      const [needed, there] = await driver.executeScript("return [document.scrollingElement.scrollWidth, innerWidth]");
      assert.ok(needed <= there, `${page} needs ${needed} of ${there} pixels`);
    };
    await driver.get(`${url}/ghostports`);
    assert.equal(await driver.getTitle(), "GhostPorts – deltawall");
    await see("the page", /the address that you come from, 127\.0\.0\.1\. It closes by itself after 4 hours/);
    if (look === "light") await picture(driver, "ghostports");
    await fill(driver, { "ghostport[username]": "jo", "ghostport[password]": "wrong", "ghostport[code]": code() });
    await press(driver, "Open");
    await see("what was wrong", /Nothing was opened or closed\nUser, password or code are wrong/);
    assert.equal(await find(driver, "#username").getAttribute("value"), "jo");
    assert.equal(await find(driver, "#password").getAttribute("value"), "");
    // By keys alone: the field for the name has it already.
    const field = await find(driver, "#password");
    await leave(driver, () => field.sendKeys("open-sesame", "\uE004", code(-1), "\uE007"));
    await see("what is open", /Open for 127\.0\.0\.1 until 2/);
    await fill(driver, { "ghostport[password]": "open-sesame", "ghostport[code]": code() });
    await press(driver, "Close");
    await see("what was closed", /Closed\./);
    await fill(driver, { "ghostport[password]": "open-sesame", "ghostport[code]": code(1) });
    await press(driver, "Close");
    await see("what was not open", /Nothing was open\./);
  });
}
