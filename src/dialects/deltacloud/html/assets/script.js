// What pages do beyond HTML: the list of firewalls is filtered as one types, forms get more rows for sources, and the time that a
// trial has left is counted down.
"use strict";

for (const box of document.querySelectorAll("input[data-filters]")) {
  const rows = [...document.getElementById(box.dataset.filters).tBodies[0].rows];
  const shown = document.getElementById("shown");
  // What the server has filtered out is not on the page: only the whole list can be filtered here.
  const isWhole = box.defaultValue.trim() === "";
  box.addEventListener("input", () => {
    const wanted = box.value.trim().toLowerCase();
    if (!isWhole) {
      if (wanted === "") box.form.requestSubmit();
      return;
    }
    let count = 0;
    for (const row of rows) {
      row.hidden = ![0, 1].some((cell) => row.cells[cell].textContent.toLowerCase().includes(wanted));
      count += row.hidden ? 0 : 1;
    }
    shown.textContent = `${count} of ${rows.length} firewall${rows.length === 1 ? "" : "s"}`;
  });
}

for (const rows of document.querySelectorAll("[data-adds]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `Add another ${rows.dataset.adds}`;
  button.addEventListener("click", () => {
    const row = rows.lastElementChild.cloneNode(true);
    const next = (text) => text.replace(/\d+/, (number) => Number(number) + 1);
    for (const label of row.querySelectorAll("label")) {
      label.htmlFor = next(label.htmlFor);
      label.textContent = next(label.textContent);
    }
    for (const input of row.querySelectorAll("input")) {
      input.id = next(input.id);
      input.name = next(input.name);
      input.value = "";
      for (const mark of ["aria-invalid", "aria-describedby", "autofocus"]) input.removeAttribute(mark);
    }
    rows.append(row);
    row.querySelector("input").focus();
  });
  rows.after(button);
}

for (const place of document.querySelectorAll("[data-left]")) {
  const end = performance.now() + Number(place.dataset.left) * 1000;
  const show = () => {
    const left = Math.max(0, Math.round((end - performance.now()) / 1000));
    const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60].map((part) => `${part}`.padStart(2, "0"));
    place.textContent = left > 0 ? `, in ${hours}:${minutes}:${seconds},` : ", which is now,";
    if (left === 0) clearInterval(timer);
  };
  const timer = setInterval(show, 1000);
  show();
}
