"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const columns = data.columns;
const byId = (id) => document.getElementById(id);
const element = (name, text, cls) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (cls) made.className = cls;
  return made;
};

// Filters: every word that is typed must be found, numbers whole. The timeline follows the table.
const filters = byId("filters");
const rows = [...document.querySelectorAll(".identity")];
const lanes = new Map([...document.querySelectorAll(".lane[data-identity]")].map((lane) => [lane.dataset.identity, lane]));
const searched = rows.map((row) => ({ row, words: JSON.parse(row.dataset.words), cameras: JSON.parse(row.dataset.cameras) }));
const kinds = {
  all: () => true,
  uncertain: ({ row }) => row.dataset.uncertain !== "0",
  cameras: ({ cameras }) => cameras.length > 1,
  one: ({ row }) => row.dataset.tracklets === "1",
};
const filter = () => {
  const typed = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const kind = kinds[byId("which").value];
  const camera = byId("camera").value;
  const fits = ({ words }) => typed.every((word) => words.some((one) => (/^\d+$/.test(word) ? one === word : one.includes(word))));
  let found = 0;
  let timed = 0;
  for (const one of searched) {
    one.row.hidden = !(kind(one) && (!camera || one.cameras.includes(camera)) && fits(one));
    found += !one.row.hidden;
    const lane = lanes.get(one.row.dataset.identity);
    if (lane) {
      lane.hidden = one.row.hidden;
      timed += !lane.hidden;
    }
  }
  byId("count").textContent = `${found} of ${rows.length} identities`;
  const [none, noneTimed] = document.querySelectorAll(".none");
  none.hidden = found > 0;
  if (noneTimed) noneTimed.hidden = timed > 0;
};
filters.addEventListener("input", filter);
filters.addEventListener("change", filter);
filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("reset", () =>
  setTimeout(() => {
    filter();
    showMasks(masked()); // of the details: masks are no filter
  }),
);

// Masks instead of plain pictures, wherever there are both.
const switches = [...document.querySelectorAll(".masks")];
const showMasks = (shown) => {
  for (const one of switches) one.checked = shown;
  for (const image of document.querySelectorAll("img[data-masked]")) {
    image.src = shown ? image.dataset.masked : image.dataset.plain;
  }
};
const masked = () => switches.some((one) => one.checked);
for (const one of switches) one.addEventListener("change", () => showMasks(one.checked));

// The axis of the timeline: about one mark every 80 pixels.
const ticks = byId("ticks");
const starts = columns.start.filter((one) => one !== null);
const ends = columns.end.filter((one) => one !== null);
const clock = (seconds) => {
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds % 60)];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
};
const drawAxis = () => {
  const first = starts.reduce((one, other) => Math.min(one, other)) - data.origin;
  const last = ends.reduce((one, other) => Math.max(one, other)) - data.origin;
  const wanted = (last - first) / Math.max(1, ticks.clientWidth / 80);
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
  const step = steps.find((one) => one >= wanted) ?? 86400 * Math.ceil(wanted / 86400);
  ticks.replaceChildren();
  for (let time = Math.ceil(first / step) * step; time <= last; time += step) {
    const mark = element("span", clock(time));
    mark.style.left = `${(100 * (time - first)) / Math.max(last - first, 1e-6)}%`;
    ticks.append(mark);
  }
};
if (ticks && ends.length) {
  byId("zoom").addEventListener("change", (event) => {
    document.querySelector(".inner").style.setProperty("--zoom", event.target.value);
    drawAxis();
  });
  addEventListener("resize", drawAxis);
  drawAxis();
}

// A tracklet and its nearest matches.
const details = byId("details");
let opened;
const button = (row) => byId(`t${row}`);
const name = (row) => `${columns.camera[row]}, track ${columns.track[row]}`;
const picture = (row) => {
  const image = button(row).querySelector("img");
  if (!image) return element("span", "no picture", "blank");
  const copy = image.cloneNode();
  copy.loading = "eager";
  copy.alt = `Pictures of ${name(row)}`;
  return copy;
};
const when = (row) => button(row).querySelector(".when")?.textContent ?? "";
const distance = (number) => Number(number).toPrecision(3);
const rules = ["", "impossible: same camera, same time", "impossible: travel time"];
const verdict = (far, rule, camera) => {
  if (rule) return [rules[rule], "impossible"];
  if (!data.one_camera_covered && camera === columns.camera[opened]) return ["no verdict: same camera", ""];
  if (far <= data.threshold) return ["same", "same"];
  const word = data.uncertain_up_to === null || far <= data.uncertain_up_to ? "uncertain" : "different";
  return [word, word];
};
const match = ([row, far, rule]) => {
  const choose = element("button");
  const [words, cls] = verdict(far, rule, columns.camera[row]);
  const about = element("span", name(row), "about");
  choose.type = "button";
  choose.append(picture(row), about, element("span", `${when(row)} identity ${columns.identity[row]}`.trim(), "about when"));
  choose.append(element("span", `${distance(far)} ${words}`, `verdict ${cls}`));
  choose.addEventListener("click", () => open(row));
  const item = element("li");
  item.append(choose);
  return item;
};
const facts = (row) => {
  const identity = columns.identity[row];
  const found = [["identity", `${identity}, ${columns.verdict[row]}`]];
  if (columns.why[row]) found.push(["why uncertain", columns.why[row]]);
  if (when(row)) found.push(["seen", when(row)]);
  if (columns.frames[row] !== null) found.push(["frames", columns.frames[row]]);
  if (columns.person[row]) found.push(["named", columns.person[row]]);
  if (columns.own_distance[row] !== null) found.push([`mean distance to identity ${identity}`, distance(columns.own_distance[row])]);
  if (columns.nearest_identity[row] !== null) {
    found.push(["nearest other identity", `${columns.nearest_identity[row]}, mean distance ${distance(columns.nearest_distance[row])}`]);
  }
  return found.flatMap(([term, text]) => [element("dt", term), element("dd", text)]);
};
const open = (row) => {
  opened = row;
  const [own, others] = data.matches[row];
  byId("d-title").textContent = name(row);
  byId("d-picture").replaceChildren(picture(row));
  byId("d-facts").replaceChildren(...facts(row));
  for (const [id, found] of [["d-own", own], ["d-others", others]]) {
    byId(id).replaceChildren(...found.map(match));
    byId(id).hidden = byId(`${id}-title`).hidden = !found.length;
  }
  if (!details.open) details.showModal();
  details.scrollTop = 0;
  byId("d-title").focus();
};
addEventListener("click", (event) => {
  const chosen = event.target.closest(".tracklet, .bar");
  if (chosen) open(Number(chosen.dataset.row));
  else if (event.target === details) details.close();
});
byId("d-close").addEventListener("click", () => details.close());
const reveal = (row) => {
  if (row.hidden) {
    filters.reset();
    filter();
  }
};
byId("d-show").addEventListener("click", () => {
  details.close();
  reveal(button(opened).closest(".identity"));
  button(opened).scrollIntoView({ block: "center" });
  button(opened).focus();
});
filter();
if (masked()) showMasks(true); // a browser may keep what was chosen when it loads the page again
