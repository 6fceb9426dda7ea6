// What a client of Axis' firewall API does with Node's urllib, which answers Digest's challenges.
//
//     node device.mjs http://127.0.0.1:3001

import assert from "node:assert/strict";
import { request } from "urllib";

const base = `${process.argv[2]}/config/rest/firewall/v1`;

async function send(method, path, data) {
  const options = { method, digestAuth: "mockuser:mockpassword", dataType: "json", contentType: "json", data };
  const { status, data: body } = await request(`${base}${path}`, options);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

const rule = { ruleType: "FILTER", ip: "10.0.1.1", filter: { policy: "ACCEPT" } };
const rules = { rules: [rule], fallbackTime: 60, defaultPolicy: "DROP" };
assert.deepEqual(await send("PATCH", "/activated", { data: true }), { status: "success" });
assert.deepEqual(await send("POST", "/conf/setRules", { data: rules }), { status: "success" });
assert.equal((await send("GET", "/conf/rules")).data.activeRules[0].ip, "10.0.1.1");
assert.deepEqual(await send("POST", "/conf/confirmRules", { data: {} }), { status: "success" });
assert.equal((await send("GET", "/conf/rules/testTimeLeft")).data, 0);
const { status } = await request(base, { digestAuth: "mockuser:wrong" });
assert.equal(status, 401);
console.log("urllib: done");
