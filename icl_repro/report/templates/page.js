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
const claims = all("article.claim").map(article => ({
  article,
  rows: rows.get(article.id) || [],
  said: [article.querySelector("header"), ...(rows.get(article.id) || [])]
    .map(element => element.textContent).join(" ").toLowerCase(),
}));

function show() {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  let amount = 0;
  for (const { article, rows, said } of claims) {
    const shown = words.every(word => said.includes(word))
      && (!verdict.value || article.dataset.verdict === verdict.value)
      && (!family.value || article.dataset.family === family.value);
    amount += shown;
    for (const element of [article, ...rows]) element.hidden = !shown;
  }
  for (const element of all("[data-family]:not(article)")) {
    const members = claims.filter(one => one.article.dataset.family === element.dataset.family);
    element.hidden = members.every(one => one.article.hidden);
  }
  bar.querySelector(".found").textContent =
    amount === claims.length ? "" : `${amount} of ${claims.length} claims`;
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
  for (const control of [text, verdict, family]) control.addEventListener("input", show);
  show();  /* A browser may fill the fields in again when it goes back to the page. */
  addEventListener("hashchange", reveal);
  reveal();
}
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || bar.hidden) return;
  if (event.key === "Escape") {
    clear();
    document.activeElement.blur();
  } else if (!event.target.closest("input, select, textarea")) {
    if (event.key === "/") { event.preventDefault(); text.focus(); }
    if (event.key === "j") step(true);
    if (event.key === "k") step(false);
  }
});
/* What scrolls sideways can be scrolled by keys; what is far away tells its size once it is near. */
const sizes = new ResizeObserver(entries => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const element of all(".scroll")) sizes.observe(element);
for (const button of all("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
