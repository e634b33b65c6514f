const HINT = "Point at a curve, or use the arrow keys. Drag or + and − zoom, double click or 0 shows all.";

const UNREADABLE = "This browser cannot read the numbers of this figure; they are in verification.json.";

// A list of numbers from the decimals that they have and the differences between them, times that
// power of ten: as report/pictures/figure_data.py packs it.
function summed([decimals, ...steps]) {
  if (decimals === null) return steps;
  const power = Number(`1e${decimals}`);
  let sum = 0;
  return steps.map(step => step === null ? null : (sum += step) / power);
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), one => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const data = await new Response(stream).json();
  return {...data, lists: data.lists.map(summed)};
}

// A figure: its panels, what is switched off in all of them, and its numbers.

class Figure {
  constructor(element) {
    this.element = element;
    this.off = new Set();
    this.data = null;
  }

  // The numbers are unpacked when the figure comes near; before, it answers nothing.
  load() {
    return this.loading ||= unpacked(this.element.querySelector("script").textContent).then(data => {
      this.data = data;
      for (const one of this.element.querySelectorAll("button:disabled")) one.disabled = false;
    }, () => this.asks.replaceChildren(made("span", "", UNREADABLE)));
  }

  get lists() { return this.data.lists; }

  get panels() {
    return this.made ||= [...this.element.querySelectorAll(".panel")].map((panel, index) => {
      const svg = panel.querySelector(".plot");
      return svg && new Panel(this, svg, this.data.panels[index]);
    });
  }

  panelOf(svg) {
    if (!this.data) return null;
    const found = this.panels.find(panel => panel?.svg === svg);
    found.wake();
    return found;
  }

  // A switch turns `key` off and on in one panel or in all; twice fast leaves it alone on.
  switch(element, key, panel) {
    const turn = () => {
      const {off} = element.scope;
      if (off.has(key)) off.delete(key); else off.add(key);
    };
    element.setAttribute("aria-pressed", "true");
    element.title = "Click: off or on. Double click: only this.";
    element.addEventListener("click", () => { turn(); this.update(); });
    element.addEventListener("dblclick", () => {
      const others = [...element.closest("ul").querySelectorAll("button")].filter(one => one !== element);
      const alone = others.every(one => one.scope.off.has(one.key));
      element.scope.off.delete(key);
      for (const one of others) if (alone) one.scope.off.delete(one.key); else one.scope.off.add(one.key);
      this.update();
    });
    Object.defineProperties(element, {key: {value: key}, scope: {get: () => panel === undefined ? this : this.panels[panel]}});
  }

  update() {
    for (const one of this.element.querySelectorAll("button[aria-pressed]")) {
      one.setAttribute("aria-pressed", String(!one.scope.off.has(one.key)));
    }
    hideTip();
    if (this.ofAll) {
      const off = [...this.off];
      this.ofAll.hidden = off.includes("mean") || !off.some(key => key.startsWith("seed "));
    }
    for (const panel of this.panels) if (panel?.series.length) panel.showSeries();
  }

  prepare() {
    const {element} = this, panels = [...element.querySelectorAll(".panel")];
    let curves = false;
    for (const svg of element.querySelectorAll(".plot")) {
      svg.setAttribute("tabindex", "0");
      curves ||= svg.querySelector(".axes") !== null;
    }
    for (const entry of element.querySelectorAll(".legend > li")) {
      if (!curves) break;
      const panel = panels.indexOf(entry.closest(".panel"));
      const one = button("switch");
      one.append(...entry.childNodes);
      entry.append(one);
      const key = entry.dataset.behind ? `behind ${entry.dataset.behind}` : `group ${entry.dataset.group}`;
      this.switch(one, key, panel < 0 ? undefined : panel);
    }
    const asks = this.asks = made("div", "asks");
    const kinds = (element.dataset.kinds || "").split("|").filter(Boolean);
    if (kinds.length) {
      const list = made("ul", "legend");
      list.setAttribute("aria-label", "Shown");
      for (const kind of kinds) {
        const one = button("switch", kind);
        this.switch(one, kind);
        const entry = made("li");
        entry.append(one);
        list.append(entry);
      }
      asks.append(list);
      if (kinds.includes("mean")) {
        this.ofAll = made("span", "of-all", "The mean stays that of all seeds.");
        this.ofAll.hidden = true;
        this.ofAll.setAttribute("role", "status");
        asks.append(this.ofAll);
      }
    }
    if (!element.querySelector(".panel .plot")) return;
    asks.append(button("data", "Data (CSV, five digits)", "", () => this.save()));
    if (curves) asks.append(made("span", "hint", HINT));
    for (const one of [asks, element].flatMap(part => [...part.querySelectorAll("button")])) one.disabled = true;
    element.insertBefore(asks, element.querySelector("figcaption"));
  }

  csv() {
    const quoted = value => value === null || value === undefined ? "" :
      /[",\n\r]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
    const lines = [["panel", "series", "group", "seed", "origin", "x_label", "x", "y_label", "y", "low", "high"]];
    const list = place => this.lists[place] || [];
    for (const panel of this.data.panels) {
      const origin = panel.origin || "measured";
      for (const one of panel.series || []) {
        const seed = one.mean ? "mean" : one.seed;
        list(one.x).forEach((x, i) => lines.push([
          panel.title, one.label, one.group, seed, one.published ? "published" : "measured",
          panel.x, panel.categories ? panel.categories[x] : x,
          panel.y, list(one.y)[i], list(one.low)[i], list(one.high)[i]]));
      }
      (panel.rows || []).forEach((row, r) => panel.columns.forEach((column, c) => lines.push([
        panel.title, `${panel.y}: ${row}`, "", "", origin,
        panel.x, column, panel.unit, list(panel.values[r])[c], "", ""])));
      for (const [from, to, weight] of panel.edges || []) {
        lines.push([panel.title, panel.senders[from], "", "", origin,
          "sends to", panel.receivers[to], "weight", weight, "", ""]);
      }
    }
    return lines.map(line => line.map(quoted).join(",") + "\r\n").join("");
  }

  save() {
    const slug = text => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    const link = made("a");
    link.href = URL.createObjectURL(new Blob([this.csv()], {type: "text/csv"}));
    const place = this.element.closest("[id]")?.id || "figure";
    link.download = `${slug(place)}-${slug(this.data.name)}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}
