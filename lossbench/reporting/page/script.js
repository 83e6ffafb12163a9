"use strict";
const all = (what, from = document) => [...from.querySelectorAll(what)];
const make = (tag, more) => Object.assign(document.createElement(tag), more);

// Sorting: a click on a heading, again for the other way; rows without a value stay last.
const key = (row, at) => {
  const cell = row.cells[at], text = (cell.dataset.key ?? cell.textContent).trim();
  return /^(|\.|–|nan)$/i.test(text) ? null : text;
};
const order = (a, b) => isNaN(a) || isNaN(b) ? a.localeCompare(b, "en", { numeric: true }) : a - b;
const sort = (head) => {
  const body = head.closest("table").tBodies[0], sign = head.ariaSort === "ascending" ? -1 : 1;
  all("th", head.parentNode).forEach((one) => one.removeAttribute("aria-sort"));
  head.ariaSort = sign > 0 ? "ascending" : "descending";
  const rows = [...body.rows].map((row) => [key(row, head.cellIndex), row]);
  rows.sort(([a], [b]) => a === null || b === null ? (a === null) - (b === null) : sign * order(a, b));
  body.append(...rows.map((one) => one[1]));
};
all(".sortable button").forEach((one) => (one.onclick = () => sort(one.closest("th"))));

// What does not scroll needs no stop of the Tab key.
const fit = () => all(".scroll").forEach((one) => {
  if (one.scrollWidth > one.clientWidth) one.tabIndex = 0;
  else one.removeAttribute("tabindex");
});

// One form of a picture at a time.
for (const box of all(".variants")) {
  const forms = all("[data-variant]", box), bar = make("div", { className: "switch", role: "group", ariaLabel: "Form" });
  const show = (form) => {
    forms.forEach((one) => one.classList.toggle("off", one !== form));
    [...bar.children].forEach((one, i) => (one.ariaPressed = forms[i] === form));
    fit();
  };
  bar.append(...forms.map((one) => make("button", { type: "button", textContent: one.dataset.variant, onclick: () => show(one) })));
  box.prepend(bar);
  show(forms[0]);
}

// One comparison at a time, the one that a link leads to.
const parts = all(".comparison"), list = make("select", { ariaLabel: "Comparison shown" });
const choose = (id) => {
  parts.forEach((one) => one.classList.toggle("off", id && one.id !== id));
  all("[data-of]").forEach((one) => one.classList.toggle("off", one.dataset.of !== id));
  list.value = id;
  fit();
};
const follow = () => {
  const aim = document.getElementById(location.hash.slice(1)), part = aim?.closest(".comparison.off");
  if (!part) return;
  choose(part.id);
  aim.scrollIntoView();
};
for (const place of all("#choose")) {
  list.append(...parts.map((one) => make("option", { value: one.id, textContent: one.dataset.name })));
  list.append(make("option", { value: "", textContent: "all comparisons" }));
  list.onchange = () => choose(list.value);
  place.append("Show ", list);
  choose(parts[0].id);
  onhashchange = follow;
  follow();
}
onresize = fit;
document.addEventListener("toggle", fit, true);
fit();
