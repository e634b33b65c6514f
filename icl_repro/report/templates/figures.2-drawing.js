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

// One panel of a figure as it is drawn: what is shown of it, and which part of its axes.

class DrawnPanel {
  constructor(figure, svg, data) {
    Object.assign(this, {figure, svg, data, off: new Set(), touches: new Map()});
    this.series = (data.series || []).map((one, index) => ({
      ...one, index,
      x: figure.lists[one.x], y: figure.lists[one.y],
      low: figure.lists[one.low], high: figure.lists[one.high],
      group_: svg.querySelector(`[data-part="series-${index}"]`),
    }));
    this.axes = svg.querySelector(".axes");
    if (this.axes) {
      const {x, y, log} = this.axes.dataset;
      const scale = (text, name) => new Scale(...text.split(" ").map(Number), log.includes(name));
      this.x = this.wholeX = scale(x, "x");
      this.y = this.wholeY = scale(y, "y");
      this.named = this.axes.dataset.kind === "names";
      // What looks like the texts along an axis is of their class.
      this.alike = {};
      for (const text of this.axes.querySelectorAll("text")) {
        this.alike[getComputedStyle(text).textAnchor] ||= text.getAttribute("class");
      }
    }
    this.asked = null;
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
    const whole = this.x === this.wholeX && this.y === this.wholeY;
    this.drawAxes();
    // The page has curves of fewer points, as many as can be seen of the whole.
    this.asWhole ||= [...this.svg.querySelectorAll(".series path")].map(one => [one, one.getAttribute("d")]);
    if (whole) for (const [path, drawn] of this.asWhole) path.setAttribute("d", drawn);
    else for (const one of this.series) this.drawSeries(one);
    for (const line of this.svg.querySelectorAll(".reference")) this.moveLine(line);
    this.resetter.hidden = whole;
    this.unmark();
    if (current === this && tip.classList.contains("open")) this.askAgain();
  }

  // What was asked for stands elsewhere now, or outside.
  askAgain() {
    const {series, index, byKey} = this.asked || {};
    if (byKey && this.inView(series).includes(index)) this.answer(series, index);
    else hideTip();
  }

  drawAxes() {
    const {axes, x, y} = this, across = y.ticks(false);
    const [grid, base] = axes.querySelectorAll("path");
    grid.setAttribute("d", across.map(at => `M${x.start} ${y.place(at).toFixed(1)}H${x.end}`).join(""));
    const text = (left, middle, anchor, content) => {
      const place = {x: left.toFixed(1), y: (middle + 4.03).toFixed(1)};
      axes.append(inDrawing("text", {class: this.alike[anchor], ...place}, content));
    };
    // Names along an axis stay where they are; numbers are written anew.
    const gone = this.named ? `text[class="${this.alike.end}"]` : "text";
    for (const one of axes.querySelectorAll(gone)) one.remove();
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
      const rest = main.getAttribute("d").match(/^M[\d.-]+ [\d.-]+([^M]*)/)?.[1] || "";
      const size = parseFloat(rest.slice(1)), aside = series.style === "triangles" ? [0, size] : [size, 0];
      main.setAttribute("d", places.filter(Boolean)
        .map(([x, y]) => `M${pair([x - aside[0], y - aside[1]])}${rest}`).join(""));
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
}
