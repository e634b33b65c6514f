// Figures that can be asked. Everything is drawn already; this reads the numbers beside each figure,
// shows them at the pointer, switches series off and on, zooms, and writes them as CSV.

const figures = new Map();
let dragged = null;

const near = new IntersectionObserver(entries => {
  for (const {target, isIntersecting} of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    figures.get(target).load();
  }
}, {rootMargin: "100%"});

function panelAt(target) {
  const svg = target.closest?.(".picture .plot");
  return svg ? figures.get(svg.closest(".picture"))?.panelOf(svg) : null;
}

function begin() {
  for (const element of document.querySelectorAll(".picture")) {
    const figure = new Figure(element);
    figures.set(element, figure);
    figure.prepare();
    near.observe(element);
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
