"use strict";

// Ranked lists: which run, which of its queries, in which order.
const controls = document.getElementById("list-controls");
if (controls) {
  const count = document.getElementById("list-count");
  const show = () => {
    const run = document.getElementById("list-run").value;
    const which = controls.elements.which.value;
    const easyFirst = document.getElementById("list-order").value === "easy";
    for (const lists of document.querySelectorAll(".lists")) {
      lists.hidden = lists.dataset.run !== run;
      if (lists.hidden) continue;
      const queries = [...lists.querySelectorAll(".query")];
      if ((lists.dataset.order === "easy") !== easyFirst) {
        lists.append(...queries.reverse());
        lists.dataset.order = easyFirst ? "easy" : "hard";
      }
      let shown = 0;
      for (const query of queries) {
        const failed = query.dataset.failed === "1";
        query.hidden = (which === "failed" && !failed) || (which === "right" && failed);
        shown += !query.hidden;
      }
      count.textContent = `${shown} of ${queries.length} shown`;
    }
  };
  controls.addEventListener("input", show);
  controls.addEventListener("submit", (event) => event.preventDefault());
  show();
}

// Runs: every word that is typed must be found, `setting=value` whole. An entry goes with its row in the overview.
const filter = document.getElementById("run-filter");
const rows = new Map([...document.querySelectorAll("#overview tbody tr")].map((row) => [row.querySelector("a").hash.slice(1), row]));
const settings = [...document.querySelectorAll("#overview thead button")].map((heading) => heading.textContent);
const searched = (entry) => {
  const cells = rows.has(entry.id) ? [...rows.get(entry.id).cells] : [];
  const pairs = cells.map((cell, column) => `${settings[column]}=${cell.textContent}`);
  return ` ${[entry.querySelector("summary").textContent, ...pairs].join(" ").toLowerCase()} `;
};
const runs = [...document.querySelectorAll(".run")].map((entry) => [entry, searched(entry)]);
const matches = (text, word) => text.includes(word.includes("=") ? ` ${word} ` : word);
const find = () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const [entry, text] of runs) {
    entry.hidden = !words.every((word) => matches(text, word));
    const row = rows.get(entry.id);
    if (row) row.hidden = entry.hidden;
    found += !entry.hidden;
  }
  document.getElementById("run-count").textContent = `${found} of ${runs.length} runs`;
};
filter.addEventListener("input", find);
find();

// The overview sorts by the column whose heading is pressed, and the other way when it is pressed again.
const overview = document.getElementById("overview");
if (overview) {
  const headings = [...overview.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.firstElementChild.addEventListener("click", () => {
      const falling = heading.ariaSort === "ascending";
      for (const other of headings) other.ariaSort = null;
      heading.ariaSort = falling ? "descending" : "ascending";
      const text = (row) => row.cells[column].textContent;
      const order = (one, other) => text(one) - text(other) || text(one).localeCompare(text(other), "en", { numeric: true });
      const sorted = [...overview.tBodies[0].rows].sort((one, other) => (falling ? order(other, one) : order(one, other)));
      overview.tBodies[0].append(...sorted);
    });
  });
}

// A link to a run opens its entry, even where the filter had hidden it.
const open = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target || !target.classList.contains("run")) return;
  if (target.hidden) {
    filter.value = "";
    find();
  }
  target.open = true;
  target.scrollIntoView();
};
addEventListener("hashchange", open);
addEventListener("click", (event) => {
  if (event.target.closest(`a[href="${location.hash}"]`)) open();
});
open();
