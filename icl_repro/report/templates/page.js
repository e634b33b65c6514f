/* Search, filters, keys and copy buttons. The page is whole without it: it only hides and scrolls. */
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const bar = document.querySelector(".find");
const text = document.getElementById("find-text");
const verdict = document.getElementById("find-verdict");
const family = document.getElementById("find-family");
const rows = new Map();
for (const row of all("[data-claim]")) {
  const anchor = row.dataset.claim;
  rows.set(anchor, [...(rows.get(anchor) || []), row]);
}
const claims = all("article.claim").map(article => ({ article, rows: rows.get(article.id) || [] }));
const says = document.querySelector(".filter-says");
const everything = document.createElement("button");
everything.type = "button";
everything.textContent = "Show all claims";
everything.addEventListener("click", () => keepingPlace(clear));

/* All that a claim says, read when first searched; scripts and drawings say it in numbers. */
function said(claim) {
  if (claim.said === undefined) {
    const parts = [];
    for (const root of [claim.article, ...claim.rows]) {
      const walk = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, node =>
        node.nodeType === Node.TEXT_NODE ? NodeFilter.FILTER_ACCEPT
          : node.matches("script, svg, button") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP);
      while (walk.nextNode()) parts.push(walk.currentNode.data);
    }
    claim.said = parts.join(" ").replace(/\s+/g, " ");
  }
  return claim.said;
}

/* What is asked, as patterns that all have to be found: "in quotes" as it stands, words from their
   start. A number belongs to the word before it and is whole: figure 3 is in Figure 3, Figures 2
   and 3b, and Section 3 is in 3.1, but neither is in 0.3 or 73. */
function patterns(asked) {
  const plain = text => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+");
  const found = [];
  let word = "";
  for (const [, quoted, single] of asked.matchAll(/"([^"]+)"?|([^\s"]+)/g)) {
    const part = (quoted ?? single).trim();
    if (!part) continue;
    const digits = /^\d/.test(part);
    const before = digits ? "(?<![\\w.,])" : /^\w/.test(part) ? "(?<![a-z0-9])" : "", after = /\d$/.test(part) ? "[a-z]?(?!\\w)" : /\w$/.test(part) ? "(?!\\w)" : "";
    if (quoted) {
      found.push(before + plain(part) + after);
      word = "";
    } else if (/^\d[\d.,]*[a-z]?$/i.test(part)) {
      const number = plain(part) + (/\d$/.test(part) ? "(?:\\.\\d+)*[a-z]?" : "") + "(?!\\w)(?![.,]\\d)";
      const others = "(?:\\d[\\d.]*[a-z]?(?:,\\s*(?:and\\s+)?|\\s+(?:and|or|to)\\s+|\\s*[–-]\\s*))*";
      if (word) found[found.length - 1] = `(?<![a-z0-9])${word}s?\\s+${others}${number}`;
      else found.push(before + number);
      word = "";
    } else {
      found.push(before + plain(part));
      word = /^[a-z]+$/i.test(part) ? part.replace(/s$/i, "") : "";
    }
  }
  return found.map(one => new RegExp(one, "i"));
}

function show() {
  const wanted = patterns(text.value);
  let amount = 0;
  for (const claim of claims) {
    const { article, rows } = claim;
    const shown = (!verdict.value || article.dataset.verdict === verdict.value)
      && (!family.value || article.dataset.family === family.value)
      && wanted.every(one => one.test(said(claim)));
    amount += shown;
    for (const element of [article, ...rows]) element.hidden = !shown;
  }
  for (const element of all("[data-family]:not(article)")) {
    const members = claims.filter(one => one.article.dataset.family === element.dataset.family);
    element.hidden = members.every(one => one.article.hidden);
  }
  const filtered = wanted.length > 0 || Boolean(verdict.value || family.value);
  for (const element of all("[data-folds]")) element.hidden = filtered;
  bar.querySelector(".found").textContent = filtered ? `${amount} of ${claims.length} claims` : "";
  const which = [
    wanted.length && `“${text.value.trim()}” in their text`,
    verdict.value && `the verdict “${verdict.value}”`,
    family.value && `the section “${family.selectedOptions[0].textContent.trim()}”`,
  ].filter(Boolean).join(", ");
  says.hidden = !filtered;
  says.textContent = !filtered ? "" : amount
    ? `Filtered: ${amount} of ${claims.length} claims, those with ${which}. Sections that are about all claims are folded away. `
    : `No claim is found with ${which}. `;
  if (filtered) says.append(everything);
}

/* Who is further down would be left anywhere among what remains: show the first of it, or, once all
   is shown again, the claim that was being read. */
function keepingPlace(change) {
  const isPast = (element, edge) => element.getBoundingClientRect()[edge] < bar.getBoundingClientRect().bottom;
  const read = !says.hidden && isPast(says, "bottom")
    && claims.map(one => one.article).find(article => !article.hidden && !isPast(article, "bottom"));
  const isSeen = read && read.getBoundingClientRect().top < innerHeight;
  change();
  if (says.hidden && isSeen) read.scrollIntoView();
  if (!says.hidden && isPast(says, "top")) says.scrollIntoView();
}

function clear() {
  text.value = verdict.value = family.value = "";
  show();
}

/* A link to a claim that the filter hides shows it again. */
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const hidden = target && target.closest("[hidden]");
  if (hidden) { clear(); target.scrollIntoView(); }
}

function step(down) {
  const shown = claims.map(one => one.article).filter(article => !article.hidden);
  const line = parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
  const from = article => article.getBoundingClientRect().top - line;
  const next = down ? shown.find(article => from(article) > 8)
    : shown.reverse().find(article => from(article) < -8);
  if (!next) return;
  next.tabIndex = -1;
  next.focus({ preventScroll: true });
  next.scrollIntoView();
}

async function copy(button) {
  const source = button.closest(".copyable").querySelector("pre, .prose");
  const parts = source.matches("pre") ? [source] : all("p", source);
  const copied = parts.map(part => part.textContent.trim()).join("\n\n");
  let done = true;
  try {
    await navigator.clipboard.writeText(copied);
  } catch {
    getSelection().selectAllChildren(source);
    done = document.execCommand("copy");
  }
  button.textContent = done ? "Copied" : "Select and copy by hand";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

if (claims.length > 1) {
  bar.hidden = false;
  document.documentElement.classList.add("searchable");
  for (const control of [text, verdict, family]) control.addEventListener("input", () => keepingPlace(show));
  /* A browser may fill the fields in again when it goes back to the page. */
  if (text.value || verdict.value || family.value) show();
  addEventListener("hashchange", reveal);
  reveal();
}
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || bar.hidden) return;
  if (event.key === "Escape") {
    keepingPlace(clear);
    document.activeElement.blur();
  } else if (!event.target.closest("input, select, textarea")) {
    if (event.key === "/") { event.preventDefault(); text.focus(); }
    if (event.key === "j") step(true);
    if (event.key === "k") step(false);
  }
});
/* Where a phone shows tables as cards, they stay tables for who has them read out. */
const cards = matchMedia("(max-width: 58rem)");
const roles = {TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell"};
function keepTables() {
  if (!cards.matches) return;
  cards.removeEventListener("change", keepTables);
  const each = ["", " :is(thead, tbody, tr, th, td)"].map(part => `:is(.overview, .evidence, .findings, .coverage, .published-values)${part}`);
  for (const one of all(each.join())) {
    one.setAttribute("role", roles[one.tagName] || (one.closest("thead") ? "columnheader" : "rowheader"));
  }
}
cards.addEventListener("change", keepTables);
keepTables();
/* What scrolls sideways can be scrolled by keys; what is far away tells its size once it is near. */
const sizes = new ResizeObserver(entries => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const element of all(".scroll")) sizes.observe(element);

/* On paper nothing can be opened, so that all is but the pictures of further seeds; afterwards it is
   as it was. */
let closed = [];
addEventListener("beforeprint", () => {
  closed = all("details:not([open]):is(:not(.more), .provenance)");
  for (const one of closed) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of closed) one.open = false;
});
/* The numbers of the picture of published values. */
const data = document.getElementById("published-data");
if (data) {
  data.hidden = false;
  data.addEventListener("click", () => {
    const lines = JSON.parse(data.parentNode.querySelector("script").textContent);
    const quoted = value => /[",\n\r]/.test(value ?? "") ? `"${value.replaceAll('"', '""')}"` : value ?? "";
    const csv = lines.map(line => line.map(quoted).join(",") + "\r\n").join("");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
    link.download = "beside-the-published-values.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}

/* A line of that picture says its name at once; a finger reads it, as lines are too thin to be hit
   for a link. */
const strips = document.querySelector(".strips");
if (strips) {
  const named = document.createElement("p");
  named.className = "lane-name";
  named.textContent = "Point at a line, or touch it, to read its name.";
  strips.after(named);
  const near = event => {
    const svg = event.target.closest(".strip:not(.axis)");
    if (!svg) return null;
    const height = event.clientY - svg.getBoundingClientRect().top;
    const lanes = all("a", svg);
    return lanes[Math.max(0, Math.min(lanes.length - 1, Math.floor((height - 2) / 8)))];
  };
  const tell = event => {
    const lane = near(event);
    if (!lane || lane.classList.contains("told")) return;
    for (const one of all(".told", strips)) one.classList.remove("told");
    lane.classList.add("told");
    lane.dataset.name ||= lane.querySelector("title").textContent;
    lane.querySelector("title")?.remove();
    const link = document.createElement("a");
    link.href = lane.getAttribute("href");
    link.textContent = lane.dataset.name;
    named.replaceChildren(link);
  };
  strips.addEventListener("pointermove", tell);
  strips.addEventListener("pointerdown", tell);
  strips.addEventListener("click", event => {
    if (matchMedia("(hover: none)").matches && event.target.closest(".strip")) event.preventDefault();
  });
}
for (const button of all("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
