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
