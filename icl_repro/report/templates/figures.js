// Figures that can be asked. Everything is drawn already; this reads the numbers beside each figure,
// shows them at the pointer, switches series off and on, zooms, and writes them as CSV.
"use strict";
(() => {
const MINUS = "−";

// Numbers and scales: as icl_repro/numbers.py and report/pictures/scales.py have them.

const signed = text => text.replaceAll("-", MINUS);

function power(value, digits) {
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const raised = [...String(Number(exponent))].map(c => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("");
  const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  return signed(short === "1" ? `10${raised}` : short === "-1" ? `-10${raised}` : `${short} × 10${raised}`);
}

function shown(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e15 || size < 1e-4) return power(value, 4);
  const options = Number.isInteger(value) ? {} : {maximumSignificantDigits: 5};
  return signed(value.toLocaleString("en", options));
}

function tickTexts(ticks) {
  const most = Math.max(0, ...ticks.map(Math.abs));
  const plain = value => String(Number(value.toPrecision(6)));
  return ticks.map(tick => {
    const size = Math.abs(tick);
    if (size === 0) return "0";
    if (most >= 1e4 && size >= 1e6 && size < 1e10) return signed(plain(tick / 1e6) + "M");
    if (most >= 1e4 && size >= 1e3 && size < 1e6) return signed(plain(tick / 1e3) + "k");
    if (size >= 1e10 || size < 1e-3) return power(tick, 3);
    return signed(tick.toLocaleString("en", {maximumSignificantDigits: 6}));
  });
}

class Scale {
  constructor(low, high, start, end, log) {
    Object.assign(this, {low, high, start, end, log});
  }
  along(value) { return this.log ? Math.log10(value) : value; }
  has(value) { return value !== null && (!this.log || value > 0); }
  place(value) {
    const low = this.along(this.low), high = this.along(this.high);
    return this.start + (this.along(value) - low) / (high - low) * (this.end - this.start);
  }
  at(place) {
    const low = this.along(this.low), high = this.along(this.high);
    const value = low + (place - this.start) / (this.end - this.start) * (high - low);
    return this.log ? 10 ** value : value;
  }
  holds(value) { return this.low <= value && value <= this.high; }
  between(one, other) {
    return new Scale(Math.min(one, other), Math.max(one, other), this.start, this.end, this.log);
  }
  ticks(whole) {
    if (this.log) {
      const first = Math.floor(Math.log10(this.low)), last = Math.ceil(Math.log10(this.high));
      const stride = Math.max(1, Math.ceil((last - first) / 6)), powers = [];
      for (let at = first; at <= last; at += stride) powers.push(10 ** at);
      const inside = powers.filter(one => this.holds(one));
      if (inside.length > 1) return inside;
      const finer = powers.flatMap(one => [one, 2 * one, 5 * one]).filter(one => this.holds(one));
      if (finer.length > 1) return finer;
    }
    const raw = (this.high - this.low) / 5, size = 10 ** Math.floor(Math.log10(raw));
    let step = [1, 2, 2.5, 5, 10].map(one => one * size).find(one => one >= raw * (1 - 1e-9));
    if (whole) step = Math.max(1, Math.ceil(step));
    const ticks = [], last = Math.floor(this.high / step + 1e-9);
    for (let at = Math.ceil(this.low / step - 1e-9); at <= last; at++) {
      ticks.push(Number((at * step).toPrecision(12)));
    }
    return ticks;
  }
}

// The parts of a page.

function made(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

function inDrawing(tag, attributes, text) {
  const element = document.createElementNS(document.querySelector("svg").namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function button(className, text, label, act) {
  const element = made("button", className, text);
  element.type = "button";
  if (label) element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
  return element;
}

const tip = made("div", "tip");
tip.setAttribute("role", "status");

function showTip(parts, across, down) {
  tip.replaceChildren(...parts);
  tip.classList.add("open");
  const width = tip.offsetWidth, height = tip.offsetHeight;
  const right = across + 14 + width < document.documentElement.clientWidth;
  tip.style.left = `${Math.max(4, right ? across + 14 : across - 14 - width)}px`;
  tip.style.top = `${Math.max(4, Math.min(down - height - 10, innerHeight - height - 4))}px`;
}

function hideTip() {
  tip.classList.remove("open");
  current?.unmark();
}

const who = series =>
  series.behind ? `behind ${series.behind}` : series.published ? "as published"
    : series.mean ? "mean" : "seed" in series ? `seed ${series.seed}` : "";

function called(series) {
  const kind = series.published && !series.behind ? "as published" : series.behind ? "" : who(series);
  return kind ? `${series.label}, ${kind}` : series.label;
}

// One panel of a figure.

class Panel {
  constructor(figure, svg, data) {
    Object.assign(this, {figure, svg, data, off: new Set(), touches: new Map()});
    this.series = (data.series || []).map((one, index) => ({
      ...one, index,
      x: figure.lists[one.x], y: figure.lists[one.y],
      low: figure.lists[one.low], high: figure.lists[one.high],
      group_: svg.querySelector(`[id$="-series-${index}"]`),
    }));
    this.axes = svg.querySelector(".axes");
    if (this.axes) {
      const {x, y, log} = this.axes.dataset;
      const scale = (text, name) => new Scale(...text.split(" ").map(Number), log.includes(name));
      this.x = this.wholeX = scale(x, "x");
      this.y = this.wholeY = scale(y, "y");
      this.named = this.axes.dataset.kind === "names";
    }
    this.asked = null;
  }

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

  visible() {
    return this.series.filter(one => !this.isOff(one));
  }

  isOff(series) {
    const {off} = this.figure;
    const group = `group ${series.group}`, kind = who(series);
    return off.has(group) || this.off.has(group) || off.has(kind) || this.off.has(kind);
  }

  showSeries() {
    for (const one of this.series) one.group_.style.display = this.isOff(one) ? "none" : "";
    this.unmark();
  }

  // Where the points of a series lie; null for those that are missing.
  places(series, y = series.y) {
    const {x: across, y: up} = this, aside = series.aside || 0;
    return series.x.map((x, i) =>
      across.has(x) && up.has(y[i]) ? [across.place(x) + aside, up.place(y[i])] : null);
  }

  redraw() {
    this.drawAxes();
    for (const one of this.series) this.drawSeries(one);
    for (const line of this.svg.querySelectorAll(".reference")) this.moveLine(line);
    this.resetter.hidden = this.x === this.wholeX && this.y === this.wholeY;
    this.unmark();
  }

  drawAxes() {
    const {axes, x, y} = this, across = y.ticks(false);
    const [grid, base] = axes.querySelectorAll("path");
    const texts = [...axes.querySelectorAll("text")];
    const style = texts[0]?.style;
    grid.setAttribute("d", across.map(at => `M${x.start} ${y.place(at).toFixed(1)}H${x.end}`).join(""));
    const text = (left, middle, anchor, content) => {
      const one = inDrawing("text", {x: left.toFixed(1), y: (middle + 4.03).toFixed(1)}, content);
      Object.assign(one.style, {fill: style.fill, fontSize: style.fontSize, textAnchor: anchor});
      axes.append(one);
    };
    if (this.named) texts.filter(one => one.style.textAnchor === "end").forEach(one => one.remove());
    else texts.forEach(one => one.remove());
    const names = tickTexts(across);
    across.forEach((at, i) => text(x.start - 4, y.place(at), "end", names[i]));
    if (this.named) return;
    const along = x.ticks(axes.dataset.kind === "whole"), labels = tickTexts(along);
    const marks = along.map(at => `M${x.place(at).toFixed(1)} ${y.start}v4`).join("");
    base.setAttribute("d", `M${x.start} ${y.start}H${x.end}${marks}`);
    along.forEach((at, i) => text(x.place(at), y.start + 13, "middle", labels[i]));
  }

  drawSeries(series) {
    const spread = series.group_.querySelector(".spread");
    if (this.data.kind === "bars") {
      const {y} = this, base = y.place(Math.min(Math.max(0, y.low), y.high)).toFixed(1);
      const heights = series.y.filter(value => value !== null);
      series.group_.querySelectorAll(".bar").forEach((bar, i) => {
        const [, left, right] = bar.getAttribute("d").match(/^M([\d.-]+) .*H([\d.-]+)V/);
        bar.setAttribute("d", `M${left} ${base}V${y.place(heights[i]).toFixed(1)}H${right}V${base}Z`);
      });
      let known = 0;
      const middles = spread ? [...spread.getAttribute("d").matchAll(/M([\d.-]+)/g)] : [];
      const ends = series.y.map((value, i) =>
        value === null || series.low?.[i] == null || series.high?.[i] == null ? "" :
          `M${middles[known++][1]} ${y.place(series.low[i]).toFixed(1)}V${y.place(series.high[i]).toFixed(1)}`);
      spread?.setAttribute("d", ends.join(""));
      return;
    }
    const [main, lone] = series.group_.querySelectorAll("path:not(.spread)");
    const pair = place => `${place[0].toFixed(1)} ${place[1].toFixed(1)}`;
    const places = this.places(series), runs = runsOf(places);
    if (spread) {
      const low = this.places(series, series.low), high = this.places(series, series.high);
      const ends = low.map((place, i) => place && high[i] ? [place, high[i]] : null);
      spread.setAttribute("d", series.style
        ? ends.filter(Boolean).map(([a, b]) => `M${pair(a)}V${b[1].toFixed(1)}`).join("")
        : runsOf(ends).map(run => `M${run.map(([a]) => pair(a)).join("L")}L${
          run.map(([, b]) => pair(b)).reverse().join("L")}Z`).join(""));
    }
    if (series.style) {
      // The marks keep their shape and go to their new places.
      const shape = main.shape ||= main.getAttribute("d").split("M")[1] || "";
      const [, left, top, rest] = shape.match(/^([\d.-]+) ([\d.-]+)(.*)$/) || [];
      const old = new Panel.Whole(this).places(series).find(Boolean);
      if (!old) return;
      const aside = main.aside ||= [left - old[0], top - old[1]];
      main.setAttribute("d", places.filter(Boolean)
        .map(([x, y]) => `M${pair([x + aside[0], y + aside[1]])}${rest}`).join(""));
      return;
    }
    main.setAttribute("d", runs.map(run => "M" + run.map(pair).join("L")).join(""));
    lone?.setAttribute("d", runs.filter(run => run.length === 1)
      .map(([[x, y]]) => `M${pair([x - 1.5, y])}a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0 -3 0`).join(""));
  }

  moveLine(line) {
    const {at, axis} = line.dataset, scale = axis === "y" ? this.y : this.x;
    const [path, text] = line.children;
    if (!path || !text) return;
    line.style.display = scale.holds(Number(at)) ? "" : "none";
    const moved = scale.place(Number(at)) - (axis === "y" ? this.wholeY : this.wholeX).place(Number(at));
    line.setAttribute("transform", axis === "y" ? `translate(0 ${moved})` : `translate(${moved} 0)`);
  }

  // Zoom: `factor` times as near, around a place of the drawing.
  zoom(factor, place) {
    const {x, y} = this;
    const [across, up] = place || [(x.start + x.end) / 2, (y.start + y.end) / 2];
    const ends = (scale, at) => [scale.start, scale.end].map(end => scale.at(at + (end - at) / factor));
    this.show(this.named ? null : ends(x, across), ends(y, up));
  }

  pan(across, up) {
    const {x, y} = this;
    const ends = (scale, share) => [scale.start, scale.end].map(end =>
      scale.at(end + share * (scale.end - scale.start)));
    this.show(this.named ? null : ends(x, across), ends(y, up));
  }

  show(x, y) {
    const size = (scale, ends) => Math.abs(scale.along(ends[0]) - scale.along(ends[1]));
    const kept = (scale, whole, ends) => {
      if (!ends || ends.some(end => !Number.isFinite(end))) return scale;
      const share = size(scale, ends) / Math.abs(whole.along(whole.high) - whole.along(whole.low));
      return share < 1e-5 || share > 20 ? scale : whole.between(...ends);
    };
    this.x = kept(this.x, this.wholeX, x);
    this.y = kept(this.y, this.wholeY, y);
    this.redraw();
  }

  reset() {
    this.x = this.wholeX;
    this.y = this.wholeY;
    this.redraw();
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
    for (const series of this.visible()) {
      const places = this.places(series);
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
      const part = event.target.closest?.("[id]");
      return part?.called ? this.tell(part, event.clientX, event.clientY) : hideTip();
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
    showTip([made("strong", "", part.called)], x, y);
  }

  answer(series, index, at) {
    current?.unmark();
    current = this;
    this.asked = {series, index};
    const place = this.places(series)[index], x = series.x[index], y = series.y[index];
    const stroke = series.group_.querySelector("path:not(.spread)").style.stroke;
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
        one !== series && !one.style && !one.behind && !("seed" in one));
      for (const one of others.slice(0, 8)) {
        const value = valueAt(one, x);
        if (value !== null) row(called(one), shown(value), one.group_.querySelector("path").style.stroke);
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

// The panel as it is without zoom, to find what was drawn where.
Panel.Whole = class {
  constructor(panel) { Object.assign(this, {x: panel.wholeX, y: panel.wholeY}); }
  places(series) { return Panel.prototype.places.call(this, series); }
};

function runsOf(items) {
  const runs = [];
  let run = null;
  for (const item of items) {
    if (item === null) run = null;
    else if (run) run.push(item);
    else runs.push(run = [item]);
  }
  return runs;
}

function nearestIn(values, wanted) {
  let best = 0;
  values.forEach((value, i) => {
    if (Math.abs(value - wanted) < Math.abs(values[best] - wanted)) best = i;
  });
  return best;
}

// The value of a curve at x, straight between its points; null outside of it.
function valueAt(series, x) {
  for (let i = 0; i < series.x.length; i++) {
    const [x0, y0] = [series.x[i], series.y[i]];
    if (x0 === x) return y0;
    if (i + 1 === series.x.length) break;
    const [x1, y1] = [series.x[i + 1], series.y[i + 1]];
    if (x0 === null || x1 === null || y0 === null || y1 === null || x < x0 || x > x1) continue;
    return x === x1 ? y1 : y0 + (x - x0) / (x1 - x0) * (y1 - y0);
  }
  return null;
}

// A figure: its panels, what is switched off in all of them, and its numbers.

class Figure {
  constructor(element) {
    this.element = element;
    this.off = new Set();
  }

  // The numbers are read when first asked for.
  get data() {
    return this.read ||= JSON.parse(this.element.querySelector("script").textContent);
  }

  get lists() { return this.data.lists; }

  get panels() {
    return this.made ||= [...this.element.querySelectorAll(".panel")].map((panel, index) => {
      const svg = panel.querySelector(".plot");
      return svg && new Panel(this, svg, this.data.panels[index]);
    });
  }

  panelOf(svg) {
    const found = this.panels.find(panel => panel?.svg === svg);
    found.wake();
    return found;
  }

  // A switch turns `key` off and on in one panel or in all; twice fast leaves it alone on.
  switch(element, key, panel) {
    const scope = panel === undefined ? this : this.panels[panel];
    const turn = () => {
      const off = scope.off.has(key);
      if (off) scope.off.delete(key); else scope.off.add(key);
    };
    element.setAttribute("aria-pressed", "true");
    element.title = "Click: off or on. Double click: only this.";
    element.addEventListener("click", () => { turn(); this.update(); });
    element.addEventListener("dblclick", () => {
      const others = [...element.closest("ul").querySelectorAll("button")].filter(one => one !== element);
      const alone = others.every(one => one.scope.off.has(one.key));
      scope.off.delete(key);
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
    const asks = made("div", "asks");
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
    }
    if (!element.querySelector(".panel .plot")) return;
    asks.append(button("data", "Data (CSV)", "", () => this.save()));
    if (curves) asks.append(made("span", "hint", HINT));
    element.insertBefore(asks, element.querySelector("figcaption"));
  }

  csv() {
    const quoted = value => value === null || value === undefined ? "" :
      /[",\n\r]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
    const lines = [["panel", "series", "seed", "origin", "x_label", "x", "y_label", "y", "low", "high"]];
    const list = place => this.lists[place] || [];
    for (const panel of this.data.panels) {
      const origin = panel.origin || "measured";
      for (const one of panel.series || []) {
        const seed = one.mean ? "mean" : one.seed;
        list(one.x).forEach((x, i) => lines.push([
          panel.title, one.label, seed, one.published ? "published" : "measured",
          panel.x, panel.categories ? panel.categories[x] : x,
          panel.y, list(one.y)[i], list(one.low)[i], list(one.high)[i]]));
      }
      (panel.rows || []).forEach((row, r) => panel.columns.forEach((column, c) => lines.push([
        panel.title, `${panel.y}: ${row}`, "", origin,
        panel.x, column, panel.unit, list(panel.values[r])[c], "", ""])));
      for (const [from, to, weight] of panel.edges || []) {
        lines.push([panel.title, panel.senders[from], "", origin,
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

const HINT = "Point at a curve, or use the arrow keys. Drag or + and − zoom, double click or 0 shows all.";
const figures = new Map();
let current = null, dragged = null;

function panelAt(target) {
  const svg = target.closest?.(".picture .plot");
  return svg ? figures.get(svg.closest(".picture"))?.panelOf(svg) : null;
}

function begin() {
  for (const element of document.querySelectorAll(".picture")) {
    const figure = new Figure(element);
    figures.set(element, figure);
    figure.prepare();
  }
  if (figures.size) document.body.append(tip);
}

addEventListener("pointermove", event => {
  if (dragged && event.pointerType === "mouse") return drag(event);
  const panel = panelAt(event.target);
  if (!panel) return event.pointerType === "mouse" && hideTip();
  if (panel.touches.size > 1) return pinch(panel, event);
  panel.ask(event);
});

addEventListener("pointerdown", event => {
  const panel = panelAt(event.target);
  if (!panel) return event.target.closest?.(".tools") || hideTip();
  panel.svg.classList.add("by-pointer");
  if (event.pointerType !== "mouse") {
    panel.touches.set(event.pointerId, [event.clientX, event.clientY]);
    return panel.ask(event);
  }
  const from = panel.axes && panel.inDrawing(event);
  if (event.button === 0 && from && panel.inside(from)) {
    dragged = {panel, from, box: null};
    event.preventDefault();
    panel.svg.focus({preventScroll: true});
  }
});

for (const kind of ["pointerup", "pointercancel"]) {
  addEventListener(kind, event => {
    for (const figure of figures.values()) {
      for (const panel of figure.made || []) panel?.touches.delete(event.pointerId);
    }
    if (!dragged) return;
    const {panel, from, box} = dragged;
    dragged = null;
    if (!box) return;
    box.remove();
    if (kind === "pointercancel") return;
    const to = panel.inDrawing(event), {x, y} = panel;
    const within = (scale, at) => scale.at(
      Math.min(Math.max(at, Math.min(scale.start, scale.end)), Math.max(scale.start, scale.end)));
    panel.show(panel.named ? null : [within(x, from[0]), within(x, to[0])],
      Math.abs(to[1] - from[1]) < 6 ? null : [within(y, from[1]), within(y, to[1])]);
  });
}

// A box is drawn from where the button went down; a flat one leaves the height as it is.
function drag(event) {
  const {panel, from} = dragged, to = panel.inDrawing(event), {x, y} = panel;
  if (!dragged.box && Math.hypot(to[0] - from[0], to[1] - from[1]) < 6) return;
  hideTip();
  dragged.box ||= panel.svg.appendChild(inDrawing("rect", {class: "zoom-box"}));
  const flat = Math.abs(to[1] - from[1]) < 6;
  const inside = (at, one, other) => Math.min(Math.max(at, Math.min(one, other)), Math.max(one, other));
  const [x0, x1] = (panel.named ? [x.start, x.end] : [from[0], to[0]]).map(at => inside(at, x.start, x.end));
  const [y0, y1] = (flat ? [y.start, y.end] : [from[1], to[1]]).map(at => inside(at, y.start, y.end));
  for (const [name, value] of Object.entries({
    x: Math.min(x0, x1), y: Math.min(y0, y1), width: Math.abs(x1 - x0), height: Math.abs(y1 - y0),
  })) dragged.box.setAttribute(name, value);
}

function pinch(panel, event) {
  if (!panel.axes || !panel.touches.has(event.pointerId)) return;
  const before = [...panel.touches.values()];
  panel.touches.set(event.pointerId, [event.clientX, event.clientY]);
  const after = [...panel.touches.values()];
  const apart = ([a, b]) => Math.hypot(a[0] - b[0], a[1] - b[1]);
  const middle = {clientX: (after[0][0] + after[1][0]) / 2, clientY: (after[0][1] + after[1][1]) / 2};
  hideTip();
  panel.zoom(apart(after) / Math.max(apart(before), 1), panel.inDrawing(middle));
}

// The wheel scrolls the page, unless the figure was chosen before or a key asks for zoom.
addEventListener("wheel", event => {
  const panel = panelAt(event.target);
  if (!panel?.axes || !(event.ctrlKey || event.metaKey || document.activeElement === panel.svg)) return;
  event.preventDefault();
  panel.zoom(Math.exp(-Math.sign(event.deltaY) * 0.2), panel.inDrawing(event));
}, {passive: false});

addEventListener("dblclick", event => {
  const panel = panelAt(event.target);
  if (panel?.axes) panel.reset();
});

addEventListener("keydown", event => {
  event.target.classList?.remove("by-pointer");
  const panel = event.target.matches?.(".plot") && panelAt(event.target);
  if (panel && !event.ctrlKey && !event.metaKey && !event.altKey) panel.key(event);
  else if (event.key === "Escape") hideTip();
});

addEventListener("focusout", hideTip);
addEventListener("scroll", hideTip, {passive: true});
addEventListener("beforeprint", hideTip);
begin();
})();
