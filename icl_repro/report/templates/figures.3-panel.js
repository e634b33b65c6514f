let current = null;

const tip = made("div", "tip");
tip.setAttribute("role", "status");

function showTip(parts, across, down) {
  tip.replaceChildren(...parts);
  tip.classList.add("open");
  const width = tip.offsetWidth, height = tip.offsetHeight;
  const right = across + 14 + width < document.documentElement.clientWidth;
  const left = right ? across + 14 : across - 14 - width, most = document.documentElement.clientWidth - width - 4;
  tip.style.left = `${Math.max(4, Math.min(left, most))}px`;
  tip.style.top = `${Math.max(4, Math.min(down - height - 10, innerHeight - height - 4))}px`;
}

function hideTip() {
  tip.classList.remove("open");
  current?.unmark();
}

const who = series =>
  series.behind ? `behind ${series.behind}` : series.published ? "as published"
    : series.mean ? "mean" : "seed" in series ? `seed ${series.seed}` : "";

const colourOf = series => getComputedStyle(series.group_.querySelector("path:not(.spread)")).stroke;

function called(series) {
  const kind = series.published ? "as published" : series.behind ? "" : who(series);
  return kind && !series.label.endsWith(kind) ? `${series.label}, ${kind}` : series.label;
}

// A panel that is asked: by a pointer, by fingers or by keys.

class Panel extends DrawnPanel {
  // A title would be shown by the browser, too, and later.
  wake() {
    if (this.awake) return;
    this.awake = true;
    const [title, description] = [this.svg.querySelector("title"), this.svg.querySelector("desc")];
    this.svg.setAttribute("aria-label", title.textContent);
    this.svg.setAttribute("aria-describedby", description.id);
    this.svg.removeAttribute("aria-labelledby");
    this.parts = [];
    for (const one of this.svg.querySelectorAll("title")) {
      const part = one.parentNode;
      one.remove();
      if (part !== this.svg && !part.matches(".series")) {
        part.called = one.textContent;
        this.parts.push(part);
      }
    }
    if (!this.axes) return;
    const tools = made("div", "tools");
    const add = (text, label, act) => {
      const one = button("tool", text, label, () => { act(); this.svg.focus({preventScroll: true}); });
      one.tabIndex = -1;
      one.title = label;
      tools.append(one);
      return one;
    };
    add("+", "Zoom in", () => this.zoom(1.6));
    add(MINUS, "Zoom out", () => this.zoom(1 / 1.6));
    this.resetter = add("Reset", "Show all", () => this.reset());
    this.resetter.hidden = true;
    this.svg.parentNode.append(tools);
  }

  // What is asked for.

  inDrawing(event) {
    const box = this.svg.getBoundingClientRect(), view = this.svg.viewBox.baseVal;
    const scale = view.width / box.width;
    return [view.x + (event.clientX - box.left) * scale, view.y + (event.clientY - box.top) * scale];
  }

  inWindow([x, y]) {
    const box = this.svg.getBoundingClientRect(), view = this.svg.viewBox.baseVal;
    const scale = box.width / view.width;
    return [box.left + (x - view.x) * scale, box.top + (y - view.y) * scale];
  }

  inside([x, y]) {
    return x >= this.x.start - 8 && x <= this.x.end + 8 && y >= this.y.end - 8 && y <= this.y.start + 8;
  }

  nearest([across, up]) {
    let best = null;
    const {x, y} = this;
    for (const series of this.visible()) {
      // What zooming has left outside is not asked for; a line may pass between two such points.
      const places = this.places(series).map(place => place
        && place[0] >= x.start - 1 && place[0] <= x.end + 1
        && (!series.style || (place[1] >= y.end - 1 && place[1] <= y.start + 1)) ? place : null);
      let index = -1, near = Infinity, distance = Infinity;
      places.forEach((place, i) => {
        if (!place) return;
        const far = series.style ? Math.hypot(place[0] - across, place[1] - up) : Math.abs(place[0] - across);
        if (far < near) [index, near] = [i, far];
      });
      if (index < 0) continue;
      if (series.style) distance = near;
      else {
        const here = places[index], next = places[index + (here[0] < across ? 1 : -1)];
        const share = next && next[0] !== here[0] ? (across - here[0]) / (next[0] - here[0]) : 0;
        const level = here[1] + (next && share > 0 && share < 1 ? share * (next[1] - here[1]) : 0);
        distance = Math.hypot(level - up, share <= 0 || !next ? here[0] - across : 0);
      }
      if (distance < (best?.distance ?? Infinity)) best = {series, index, distance};
    }
    return best;
  }

  ask(event) {
    if (this.data.kind !== "curves") {
      const part = event.target;
      return part.called ? this.tell(part, event.clientX, event.clientY) : hideTip();
    }
    const place = this.inDrawing(event);
    const found = this.inside(place) ? this.nearest(place) : null;
    return found ? this.answer(found.series, found.index, [event.clientX, event.clientY]) : hideTip();
  }

  tell(part, x, y) {
    current?.unmark();
    current = this;
    this.asked = {part};
    part.classList.add("asked");
    const named = this.named_(part);
    if (!named) return showTip([made("strong", "", part.called)], x, y);
    const rows = made("table");
    for (const [name, value] of named.rows) {
      const line = rows.insertRow();
      line.append(made("th", "", name), made("td", "", value));
    }
    showTip([made("strong", "", named.title), rows], x, y);
  }

  // A cell or a bar with what its axes say; null for what has none.
  named_(part) {
    const {data} = this;
    if (data.kind === "grid") {
      const index = this.parts.indexOf(part), row = Math.floor(index / data.columns.length);
      const column = index % data.columns.length;
      const value = this.figure.lists[data.values[row]][column];
      const title = `${data.unit || "value"}: ${value === null ? "nothing" : shown(value)}`;
      const origin = data.origin === "published" ? ", as published" : "";
      return {title: title + origin, rows: [[data.y, data.rows[row]], [data.x, data.columns[column]]]};
    }
    const [, which, number] = part.dataset.part?.match(/^series-(\d+)-bar-(\d+)$/) || [];
    if (data.kind !== "bars" || number === undefined) return null;
    const series = this.series[which];
    const at = series.y.map((y, i) => y !== null && series.x[i] !== null ? i : -1).filter(i => i >= 0)[number];
    const ends = series.low?.[at] != null && series.high?.[at] != null
      ? ` (${shown(series.low[at])} to ${shown(series.high[at])})` : "";
    return {title: called(series), rows: [
      [data.y, shown(series.y[at]) + ends], [data.x, data.categories[series.x[at]]]]};
  }

  answer(series, index, at) {
    current?.unmark();
    current = this;
    this.asked = {series, index, byKey: !at};
    const place = this.places(series)[index], x = series.x[index], y = series.y[index];
    const stroke = colourOf(series);
    this.pointer = inDrawing("g", {class: "pointer"});
    this.pointer.append(
      inDrawing("path", {d: `M${place[0]} ${this.y.start}V${this.y.end}`}),
      inDrawing("circle", {cx: place[0], cy: place[1], r: 4, style: `fill: ${stroke}`}));
    this.svg.append(this.pointer);
    series.group_.classList.add("asked");
    const rows = made("table");
    const row = (name, value, colour) => {
      const line = rows.insertRow();
      const head = made("th", "", name);
      if (colour) head.prepend(Object.assign(made("i"), {style: `background: ${colour}`}));
      line.append(head, made("td", "", value));
    };
    row(this.data.y, shown(y) + (series.low?.[index] != null && series.high?.[index] != null
      ? ` (${shown(series.low[index])} to ${shown(series.high[index])})` : ""));
    row(this.data.x, shown(x));
    if (!series.style) {
      const others = this.visible().filter(one =>
        one !== series && !one.style && !one.behind && (one.published || !("seed" in one)));
      for (const one of others.slice(0, 8)) {
        const value = valueAt(one, x);
        if (value !== null) row(called(one), shown(value), colourOf(one));
      }
    }
    showTip([made("strong", "", called(series)), rows], ...(at || this.inWindow(place)));
  }

  unmark() {
    this.pointer?.remove();
    this.asked?.series?.group_.classList.remove("asked");
    this.asked?.part?.classList.remove("asked");
  }

  // Keys: arrows move along a curve and from curve to curve.
  key(event) {
    const {key, shiftKey} = event;
    const side = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[key];
    if (key === "Escape") hideTip();
    else if (this.axes && (key === "+" || key === "=")) this.zoom(1.6);
    else if (this.axes && (key === "-" || key === MINUS)) this.zoom(1 / 1.6);
    else if (this.axes && (key === "0" || key === "Home")) this.reset();
    else if (side && shiftKey && this.axes) this.pan(0.2 * side[0], 0.2 * side[1]);
    else if (side && this.data.kind === "curves") this.step(...side);
    else if (side && this.parts.length) this.stepParts(...side);
    else return;
    event.preventDefault();
  }

  step(along, across) {
    const all = this.visible().filter(one => this.inView(one).length);
    if (!all.length) return;
    const at = all.indexOf(this.asked?.series);
    const chosen = at < 0 ? 0 : (at - across + all.length) % all.length;
    const series = all[chosen], seen = this.inView(series);
    const before = at < 0 ? 0 : nearestIn(seen.map(i => series.x[i]), all[at].x[this.asked.index]);
    // Many points of a long curve are passed at once.
    const size = series.style ? 1 : Math.max(1, Math.round(seen.length / 60));
    const next = at < 0 ? 0 : Math.min(Math.max(before + along * size, 0), seen.length - 1);
    this.answer(series, seen[next]);
  }

  inView(series) {
    const inOrder = series.x.map((_, i) => i)
      .filter(i => series.x[i] !== null && series.y[i] !== null
        && this.x.holds(series.x[i]) && this.y.holds(series.y[i]));
    return inOrder.sort((a, b) => series.x[a] - series.x[b]);
  }

  stepParts(along, across) {
    const width = this.data.kind === "grid" ? this.data.columns.length : 1;
    const at = this.parts.indexOf(this.asked?.part);
    const wanted = at < 0 ? 0 : at + along - across * width;
    const part = this.parts[Math.min(Math.max(wanted, 0), this.parts.length - 1)];
    const box = part.getBoundingClientRect();
    this.tell(part, box.left + box.width / 2, box.top);
  }
}
